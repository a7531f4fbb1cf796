"""Every expected failure, as one tree.

    KbError
    ├── SettingsError          a setting is missing or wrong
    ├── ServerError            the embedded PostgreSQL can not be started or stopped
    ├── DatabaseError          the database refuses, is unreachable or lacks something
    │   └── ConnectionLost     it does not answer (any more); what was committed is safe
    ├── ModelError             a model file or model service is missing, wrong or failing
    ├── ObjectStoreError       the bucket refuses an object
    │   ├── BucketUnreachable  it can not be reached at all
    │   └── TooLarge           the object is larger than documents may be
    ├── AwsError               AWS refuses to make or remove something, or fails at it
    ├── DocumentError          one document can not be read; others still can
    │   └── UnsupportedFormat  its format is not supported
    ├── Conflict               somebody else is already doing this (Bedrock's ConflictException)
    ├── ResourceNotFound       no such thing (Bedrock's ResourceNotFoundException)
    ├── ValidationError        an argument is out of bounds (Bedrock's ValidationException)
    └── IndexRejected          pgvector refuses these index parameters

The message is one sentence that tells the user what to do; the cause is chained with `from`.
"""

from __future__ import annotations


class KbError(Exception):
    """An expected failure whose message is fit for the user's eyes."""


class SettingsError(KbError):
    """A setting is missing or wrong."""


class ServerError(KbError):
    """The embedded PostgreSQL can not be started or stopped."""


class DatabaseError(KbError):
    """The database refuses, is unreachable or lacks something."""


class ConnectionLost(DatabaseError):
    """The database does not answer (any more); what was committed is safe."""


class ModelError(KbError):
    """A model file or model service is missing, wrong or failing."""


class ObjectStoreError(KbError):
    """The bucket refuses an object."""


class BucketUnreachable(ObjectStoreError):
    """The bucket can not be reached at all."""


class TooLarge(ObjectStoreError):
    """The object is larger than documents may be."""


class AwsError(KbError):
    """AWS refuses to make or remove something, or fails at it."""


class DocumentError(KbError):
    """One document can not be read; the others still can."""


class UnsupportedFormat(DocumentError):
    """The document's format is not supported."""


class Conflict(KbError):
    """Somebody else is already doing this."""


class ResourceNotFound(KbError):
    """No such thing."""


class ValidationError(KbError):
    """An argument is out of bounds."""


class IndexRejected(KbError):
    """pgvector refuses these index parameters."""
