"""Whatever S3 answers: success after a retry, or one sentence that says what to change."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest

from kb.adapters.s3 import S3Store
from kb.errors import BucketUnreachable, ObjectStoreError, ResourceNotFound, SettingsError
from kb.settings import Settings
from kb.workbench.stores import open_store
from tests.moto_server import AwsServer, Fault

BUCKET = "kb-test"
LARGE = 1 << 30
PART_BYTES = 5 << 20


@pytest.fixture
def store(aws: AwsServer) -> S3Store:
    """A new bucket."""
    store = S3Store(BUCKET, part_bytes=PART_BYTES)
    store.prepare()
    return store


def put(store: S3Store, key: str = "a.txt", content: bytes = b"content") -> None:
    store.put(key, io.BytesIO(content), max_bytes=LARGE)


def test_a_bucket_that_is_not_there_is_not_made_by_the_way(aws: AwsServer) -> None:
    with pytest.raises(BucketUnreachable, match=r"no bucket 'kb-test'; make it with .* up"):
        list(S3Store(BUCKET).list_objects())
    assert aws.count("PUT /") == 0


def test_a_bucket_that_went_away_is_told_from_an_object(store: S3Store, aws: AwsServer) -> None:
    put(store)
    aws.reset()
    with pytest.raises(BucketUnreachable, match="no bucket"), store.local_copy("a.txt"):
        pass
    with pytest.raises(BucketUnreachable, match="no bucket"):
        list(store.list_objects())


def test_a_bucket_of_somebody_else_s_name_is_refused(aws: AwsServer) -> None:
    aws.faults.append(Fault(code="BucketAlreadyExists", status=409, fits="PUT /kb-test"))
    with pytest.raises(ObjectStoreError, match="belongs to somebody else; name another"):
        S3Store(BUCKET).prepare()


def test_without_credentials_the_sentence_says_how_to_get_some(
    store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(BucketUnreachable, match=r"no AWS credentials .* run `aws configure`"):
        put(S3Store(BUCKET))


def test_a_profile_that_is_not_there_is_a_setting(
    store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SettingsError, match="nobody"):
        put(S3Store(BUCKET))


def test_an_endpoint_that_does_not_answer_is_named(
    aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{port}")
    with pytest.raises(BucketUnreachable, match=rf"reached .*{port}.* check the network"):
        list(S3Store(BUCKET).list_objects())


#: AWS' code and status, whether the whole bucket is at fault, and words of the sentence.
REFUSALS = [
    ("AccessDenied", 403, False, r"denies access .* allow s3:ListBucket on arn:aws:s3:::kb-test"),
    ("ExpiredToken", 400, True, "does not accept the credentials .* log in again"),
    ("InvalidAccessKeyId", 403, True, "does not accept the credentials .* log in again"),
    ("SignatureDoesNotMatch", 403, True, "does not accept the credentials"),
    ("RequestTimeTooSkewed", 403, True, "clock is wrong, .* set it right"),
    ("NoSuchBucket", 404, True, "no bucket 'kb-test'"),
    ("SlowDown", 503, True, "overloaded or throttles .* wait a moment"),
    ("InternalError", 500, True, "overloaded"),
    ("KMS.DisabledException", 400, False, "refused .KMS.DisabledException"),
]


@pytest.mark.parametrize(("code", "status", "whole", "words"), REFUSALS)
def test_each_refusal_of_an_upload_is_a_sentence(
    code: str, status: int, whole: bool, words: str, store: S3Store, aws: AwsServer
) -> None:
    put(store, "before.txt")
    aws.faults.append(Fault(code=code, status=status, fits="PUT .*/a.txt", times=9))
    with pytest.raises(ObjectStoreError, match=words) as error:
        put(store)
    assert isinstance(error.value, BucketUnreachable) is whole


@pytest.mark.parametrize(("code", "status", "whole", "words"), REFUSALS)
def test_each_refusal_of_a_listing_is_a_sentence(
    code: str, status: int, whole: bool, words: str, store: S3Store, aws: AwsServer
) -> None:
    put(store, "before.txt")
    aws.faults.append(Fault(code=code, status=status, fits="list-type", times=9))
    with pytest.raises(ObjectStoreError, match=words):
        list(store.list_objects())


@pytest.mark.parametrize("method", ["head", "local_copy"])
@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("ExpiredToken", 400, "does not accept the credentials"),
        ("InvalidAccessKeyId", 403, "does not accept the credentials"),
        ("RequestTimeTooSkewed", 403, "clock is wrong"),
        ("AccessDenied", 403, "denies access"),
    ],
)
def test_a_refusal_without_words_is_asked_for_them(
    code: str, status: int, words: str, method: str, store: S3Store, aws: AwsServer
) -> None:
    put(store)
    aws.faults.append(Fault(code=code, status=status, fits="(GET|HEAD) ", times=9))
    with pytest.raises(ObjectStoreError, match=words):
        if method == "head":
            store.head("a.txt")
        else:
            store.local_copy("a.txt").__enter__()


def test_after_a_new_login_the_same_store_goes_on(
    store: S3Store, aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store)
    # One for the object, one when botocore looks for another region, one that has words.
    aws.faults.append(Fault(code="ExpiredToken", status=400, fits="(GET|HEAD) ", times=3))
    with pytest.raises(BucketUnreachable, match="log in again"):
        store.head("a.txt")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "renewed")
    assert store.head("a.txt")
    url = store.url("a.txt")
    assert url and "Credential=renewed" in url


@pytest.mark.parametrize("code", ["SlowDown", "InternalError"])
def test_what_passes_is_tried_again(code: str, store: S3Store, aws: AwsServer) -> None:
    aws.faults.append(Fault(code=code, fits="PUT .*/a.txt", times=2))
    put(store)
    assert aws.count("PUT .*/a.txt") == 3


def test_a_part_that_fails_is_sent_again(store: S3Store, aws: AwsServer) -> None:
    content = bytes(range(256)) * (11 << 12)
    aws.faults.append(Fault(code="SlowDown", fits="partNumber=2", times=2))
    put(store, "a.bin", content)
    with store.local_copy("a.bin") as path:
        assert path.read_bytes() == content


def test_a_part_that_can_not_be_sent_leaves_no_upload_behind(
    store: S3Store, aws: AwsServer
) -> None:
    aws.faults.append(Fault(code="AccessDenied", status=403, fits="partNumber=2"))
    with pytest.raises(ObjectStoreError, match="denies access"):
        put(store, "a.bin", bytes(11 << 20))
    assert aws.count("DELETE .*uploadId") == 1
    assert store.head("a.bin") is None


def test_an_object_that_can_not_be_read_is_told_from_one_that_is_not_there(
    store: S3Store, aws: AwsServer
) -> None:
    put(store)
    aws.faults.append(Fault(code="AccessDenied", status=403, fits="(GET|HEAD) .*/a.txt", times=9))
    with pytest.raises(ObjectStoreError, match="s3:GetObject") as error, store.local_copy("a.txt"):
        pass
    assert not isinstance(error.value, (BucketUnreachable, ResourceNotFound))


def test_a_bucket_whose_privacy_can_not_be_asked_is_used_with_a_warning(
    aws: AwsServer, caplog: pytest.LogCaptureFixture
) -> None:
    S3Store(BUCKET).prepare()
    aws.faults.append(
        Fault(code="AccessDenied", status=403, fits="GET /kb-test.(pu|po|acl)", times=9)
    )
    put(S3Store(BUCKET))
    assert "whether 'kb-test' is private can not be told" in caplog.text


def test_a_server_that_knows_no_public_access_is_used(aws: AwsServer) -> None:
    # SeaweedFS and others: measured in the reference.
    aws.faults.append(
        Fault(
            code="NotImplemented",
            status=501,
            fits="policyStatus|publicAccessBlock|lifecycle",
            times=9,
        )
    )
    S3Store(BUCKET).prepare()
    put(S3Store(BUCKET))


def test_opening_the_store_asks_s3_nothing(aws: AwsServer, tmp_path: Path) -> None:
    open_store(Settings(data_dir=tmp_path, bucket=f"s3://{BUCKET}/docs"))
    assert aws.requests == []


def test_no_credential_is_in_a_sentence_or_a_repr(store: S3Store, aws: AwsServer) -> None:
    aws.faults.append(Fault(code="AccessDenied", status=403, fits="PUT .*/a.txt"))
    with pytest.raises(ObjectStoreError) as error:
        put(store)
    assert "AWS_SECRET" not in str(error.value) and "'test'" not in repr(store)
