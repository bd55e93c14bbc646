"""KMS and S3 in memory, with the calls that our functions make."""

import io
import json
from typing import Any

from simulator import aws
from simulator.aws import Network
from simulator.engine import Task
from tests.support.refusals import refused


class KMS:
    """Stands in for boto3's client of KMS, with one key. Decrypting needs the encryption context of the ciphertext."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def encrypt(self, **request: Any) -> dict[str, Any]:
        aws.require_known("encrypt", request, "KeyId Plaintext EncryptionContext")
        text = request["Plaintext"].decode()
        sealed = {"text": text, "context": request["EncryptionContext"], "key": request["KeyId"]}

        def apply() -> dict[str, Any]:
            return {"CiphertextBlob": json.dumps(sealed, sort_keys=True).encode()}

        answer: dict[str, Any] = self.network.call("Encrypt", apply)
        return answer

    def decrypt(self, **request: Any) -> dict[str, Any]:
        aws.require_known("decrypt", request, "KeyId CiphertextBlob EncryptionContext")

        def before(task: Task) -> None:
            if "kms" in self.network.down:
                task.note("kms.denied")
                raise refused("Decrypt", "AccessDeniedException")
            if self.network.strikes(task, "kms.throttle"):
                raise refused("Decrypt", "ThrottlingException")

        def apply() -> dict[str, Any]:
            sealed = json.loads(request["CiphertextBlob"])
            if (sealed["context"], sealed["key"]) != (request["EncryptionContext"], request["KeyId"]):
                raise refused("Decrypt", "InvalidCiphertextException")
            return {"Plaintext": sealed["text"].encode()}

        answer: dict[str, Any] = self.network.call("Decrypt", apply, before)
        return answer


class S3:
    """Stands in for boto3's client of S3."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.objects: dict[tuple[str, str], bytes] = {}  # by bucket and key

    def put_object(self, **request: Any) -> dict[str, Any]:
        aws.require_known("put_object", request, "Bucket Key Body ContentType")

        def apply() -> dict[str, Any]:
            self.objects[request["Bucket"], request["Key"]] = bytes(request["Body"])
            return {}

        return self._call("PutObject", apply)

    def get_object(self, **request: Any) -> dict[str, Any]:
        aws.require_known("get_object", request, "Bucket Key")

        def apply() -> dict[str, Any]:
            if (content := self.objects.get((request["Bucket"], request["Key"]))) is None:
                raise refused("GetObject", "NoSuchKey", 404)
            return {"Body": io.BytesIO(content)}

        return self._call("GetObject", apply)

    def delete_object(self, **request: Any) -> dict[str, Any]:
        aws.require_known("delete_object", request, "Bucket Key")
        return self._call("DeleteObject", lambda: self.objects.pop((request["Bucket"], request["Key"]), None) and {})

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        aws.require_known("list_objects_v2", request, "Bucket MaxKeys StartAfter")

        def apply() -> dict[str, Any]:
            after, most = request.get("StartAfter", ""), request.get("MaxKeys", 1000)
            keys = sorted(key for bucket, key in self.objects if bucket == request["Bucket"] and key > after)
            shown = [{"Key": key} for key in keys[:most]]
            answer: dict[str, Any] = {"KeyCount": len(shown), "IsTruncated": len(keys) > most}
            return {**answer, "Contents": shown} if shown else answer

        return self._call("ListObjectsV2", apply)

    def _call(self, operation: str, apply: Any) -> dict[str, Any]:
        def before(task: Task) -> None:
            if self.network.strikes(task, "s3.unavailable"):
                raise refused(operation, "SlowDown", 503)

        answer: dict[str, Any] = self.network.call(operation, apply, before)
        return answer
