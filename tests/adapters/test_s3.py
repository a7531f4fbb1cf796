"""What only S3 has: privacy, prefixes, versions, links, regions, many objects, over the wire."""

from __future__ import annotations

import io
import json
import logging
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from kb.adapters.s3 import S3Store
from kb.adapters.s3_copies import Copies
from kb.errors import ObjectStoreError, ResourceNotFound
from tests.certificates import Authority
from tests.moto_server import AwsServer, aws_server

BUCKET = "kb-test"
LARGE = 1 << 30


@pytest.fixture
def client(aws: AwsServer) -> Any:
    """A plain client of boto3's."""
    return boto3.client("s3", region_name="eu-central-1")


@pytest.fixture
def store(aws: AwsServer) -> S3Store:
    """A new bucket."""
    store = S3Store(BUCKET)
    store.prepare()
    return store


def put(store: S3Store, key: str, content: bytes = b"content") -> None:
    store.put(key, io.BytesIO(content), max_bytes=LARGE)


def keys(store: S3Store) -> list[str]:
    return [info.key for info in store.list_objects()]


def test_a_new_bucket_has_all_four_public_access_blocks(store: S3Store, client: Any) -> None:
    found = client.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert found == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }


def test_a_new_bucket_is_in_the_region_of_the_settings(store: S3Store, client: Any) -> None:
    assert client.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == "eu-central-1"


def test_a_new_bucket_throws_abandoned_parts_away(store: S3Store, client: Any) -> None:
    (rule,) = client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


@pytest.fixture
def over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    """AWS behind a certificate that AWS_CA_BUNDLE vouches for."""
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.certificate("127.0.0.1"))
    with aws_server(tls=context) as server:
        server.set_environment(monkeypatch, tmp_path)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
        yield server


def test_a_new_bucket_refuses_connections_without_tls(over_tls: AwsServer) -> None:
    S3Store("kb-tls").prepare()
    client = boto3.client("s3", region_name="eu-central-1")
    (statement,) = json.loads(client.get_bucket_policy(Bucket="kb-tls")["Policy"])["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == (
        *("Deny", "*"),
        "s3:*",
    )
    assert statement["Resource"] == ["arn:aws:s3:::kb-tls", "arn:aws:s3:::kb-tls/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def make_public(client: Any, by: str) -> None:
    client.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    if by == "access list":
        client.put_bucket_acl(Bucket=BUCKET, ACL="public-read")
    else:
        everybody = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/*",
        }
        policy = {"Version": "2012-10-17", "Statement": [everybody]}
        client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))


@pytest.mark.parametrize("by", ["policy", "access list"])
def test_a_public_bucket_is_refused(by: str, client: Any) -> None:
    make_public(client, by)
    with pytest.raises(ObjectStoreError, match=f"open to the public by its {by}; block") as error:
        put(S3Store(BUCKET), "a.txt")
    assert f"aws s3api put-public-access-block --bucket {BUCKET}" in str(error.value)


def test_nothing_is_stored_in_a_public_bucket(client: Any) -> None:
    make_public(client, "access list")
    with pytest.raises(ObjectStoreError):
        put(S3Store(BUCKET), "a.txt")
    assert client.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_a_public_bucket_is_refused_when_it_is_prepared(client: Any) -> None:
    make_public(client, "policy")
    with pytest.raises(ObjectStoreError, match="open to the public"):
        S3Store(BUCKET).prepare()


def test_a_public_policy_that_is_blocked_is_not_public(client: Any) -> None:
    make_public(client, "policy")
    client.put_public_access_block(
        Bucket=BUCKET, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True}
    )
    put(S3Store(BUCKET), "a.txt")


def test_an_existing_private_bucket_is_left_as_it_is(
    client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    with caplog.at_level(logging.WARNING):
        S3Store(BUCKET).prepare()
    assert "public access is not blocked for good" in caplog.text
    with pytest.raises(client.exceptions.ClientError, match="NoSuchPublicAccessBlock"):
        client.get_public_access_block(Bucket=BUCKET)


def test_a_prefix_keeps_two_stores_of_a_bucket_apart(store: S3Store) -> None:
    other = S3Store(BUCKET, "team/docs")
    put(store, "a.txt")
    put(other, "b.txt")
    assert keys(other) == ["b.txt"]
    assert keys(store) == ["a.txt", "team/docs/b.txt"]
    assert other.uri("b.txt") == "s3://kb-test/team/docs/b.txt"


def test_a_prefix_is_not_the_beginning_of_a_longer_name(store: S3Store) -> None:
    put(store, "docs-old/a.txt")
    assert keys(S3Store(BUCKET, "docs")) == []


def test_folders_of_consoles_and_hidden_files_are_no_documents(store: S3Store, client: Any) -> None:
    for key in ("folder/", ".DS_Store", "folder/.git/config", "folder/a.txt"):
        client.put_object(Bucket=BUCKET, Key=key, Body=b"")
    assert keys(store) == ["folder/a.txt"]


def test_a_name_that_can_not_be_used_is_left_out(store: S3Store, client: Any) -> None:
    client.put_object(Bucket=BUCKET, Key="back\\slash.txt", Body=b"")
    put(store, "a.txt")
    assert keys(store) == ["a.txt"]


def test_the_key_and_its_prefix_together_have_s3_s_limit(aws: AwsServer) -> None:
    store = S3Store(BUCKET, "p" * 100)
    store.prepare()
    with pytest.raises(ObjectStoreError, match="too long"):
        put(store, "a" * 924)
    put(store, "a" * 923)


def test_the_least_recent_version_stays_in_a_versioned_bucket(store: S3Store, client: Any) -> None:
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    put(store, "a.txt", b"one")
    put(store, "a.txt", b"two")
    store.delete("a.txt")
    found = client.list_object_versions(Bucket=BUCKET)
    assert (len(found["Versions"]), len(found["DeleteMarkers"])) == (2, 1)
    assert keys(store) == []


def test_the_same_bytes_make_no_new_version(store: S3Store, client: Any) -> None:
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    put(store, "a.txt")
    put(store, "a.txt")
    assert len(client.list_object_versions(Bucket=BUCKET)["Versions"]) == 1


def test_ten_thousand_objects_are_listed_a_thousand_at_a_time(
    store: S3Store, aws: AwsServer
) -> None:
    # Over the wire it would take a minute.
    bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for number in range(10_000):
        bucket.put_object(BUCKET, f"{number:05}.txt", b"")
    listed = store.list_objects()
    assert next(listed).key == "00000.txt"
    assert aws.count("list-type=2") == 1
    assert sum(1 for _ in listed) == 9_999
    assert aws.count("list-type=2") == 10


def test_a_link_opens_a_pdf_in_the_browser(store: S3Store) -> None:
    put(store, "a b.pdf", b"%PDF-1.7")
    url = store.url("a b.pdf", expires_seconds=60)
    assert url
    with urlopen(url) as answer:
        assert answer.read() == b"%PDF-1.7"
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["Content-Disposition"] == "inline"


def test_a_link_never_runs_a_document_s_script(store: S3Store) -> None:
    put(store, "a.html", b"<script>")
    url = store.url("a.html")
    assert url
    with urlopen(url) as answer:
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"] == "attachment"


def test_a_link_says_when_it_ends_and_is_signed_with_version_4(store: S3Store) -> None:
    url = store.url("a.pdf", expires_seconds=60)
    assert url
    assert "X-Amz-Expires=60" in url and "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
    assert "eu-central-1" in url and "Secret" not in url


def test_a_bucket_of_another_region_is_spoken_to_in_its_own(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    url = S3Store(BUCKET).url("a.pdf")
    assert url and "eu-central-1" in url


def test_no_region_is_needed_for_a_bucket_that_exists(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    S3Store(BUCKET).prepare()
    monkeypatch.delenv("AWS_REGION")
    put(S3Store(BUCKET), "a.txt")


def test_an_upload_has_the_type_of_its_name(store: S3Store, client: Any) -> None:
    put(store, "a.pdf")
    assert client.head_object(Bucket=BUCKET, Key="a.pdf")["ContentType"] == "application/pdf"


def test_a_document_that_is_too_large_leaves_no_parts(aws: AwsServer, client: Any) -> None:
    store = S3Store(BUCKET, part_bytes=5 << 20)
    store.prepare()
    with pytest.raises(ObjectStoreError, match="larger"):
        store.put("a.bin", io.BytesIO(bytes(12 << 20)), max_bytes=11 << 20)
    assert "Uploads" not in client.list_multipart_uploads(Bucket=BUCKET)
    assert aws.count("POST .*uploads") == 1


def test_the_copy_on_this_machine_has_the_name_s_end_and_goes(store: S3Store) -> None:
    put(store, "folder/a.pdf")
    with store.local_copy("folder/a.pdf") as path:
        assert path.suffix == ".pdf"
    assert not path.exists()


@pytest.fixture
def keeping(store: S3Store, tmp_path: Path) -> S3Store:
    """The same bucket, by a store that keeps what it has read."""
    return S3Store(BUCKET, copies=tmp_path / "copies")


def read(store: S3Store, key: str) -> bytes:
    with store.local_copy(key) as path:
        return path.read_bytes()


def test_a_document_is_fetched_once_for_many_pages(keeping: S3Store, aws: AwsServer) -> None:
    put(keeping, "a.pdf")
    assert [read(keeping, "a.pdf") for _ in range(3)] == [b"content"] * 3
    assert aws.count("GET .*/a.pdf") == 1


def test_a_document_that_was_replaced_is_fetched_again(keeping: S3Store) -> None:
    put(keeping, "a.pdf", b"one")
    assert read(keeping, "a.pdf") == b"one"
    put(keeping, "a.pdf", b"two")
    assert read(keeping, "a.pdf") == b"two"


def test_a_document_that_was_removed_is_not_read_from_its_copy(keeping: S3Store) -> None:
    put(keeping, "a.pdf")
    read(keeping, "a.pdf")
    keeping.delete("a.pdf")
    with pytest.raises(ResourceNotFound):
        read(keeping, "a.pdf")


def test_two_documents_of_the_same_bytes_have_copies_of_their_own(keeping: S3Store) -> None:
    put(keeping, "a.pdf")
    put(keeping, "b.txt")
    with keeping.local_copy("a.pdf") as first, keeping.local_copy("b.txt") as second:
        assert (first.suffix, second.suffix) == (".pdf", ".txt")


def test_copies_make_room_and_those_in_use_stay(tmp_path: Path) -> None:
    copies = Copies(tmp_path, most_bytes=10)

    def write(path: Path) -> bool:
        path.write_bytes(b"1234567")
        return True

    with copies.copy("one", ".pdf", write) as first:
        with copies.copy("two", ".pdf", write):
            kept = [path for path in tmp_path.iterdir() if path.is_file()]
            assert len(kept) == 1
        assert first.read_bytes() == b"1234567"
    assert not first.exists()


def test_only_the_user_may_read_the_copies(keeping: S3Store, tmp_path: Path) -> None:
    put(keeping, "a.pdf")
    read(keeping, "a.pdf")
    assert (tmp_path / "copies").stat().st_mode & 0o077 == 0
