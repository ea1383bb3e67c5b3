"""MongoDB's own Python client beside an eovr database: opens what eovr sealed, and seals what eovr opens.

Reads one JSON object from standard input: `url`, `database`, `local_key` (96 bytes in base64), `number` (the
plain file number of an existing report). Writes one JSON object with the opened values to standard output.
"""

import base64
import datetime
import json
import sys
import uuid

import bson
from bson.binary import STANDARD, Binary
from bson.codec_options import CodecOptions
from pymongo import MongoClient
from pymongo.encryption import Algorithm, ClientEncryption
from pymongo.encryption_options import AutoEncryptionOpts

RANDOM = Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Random
DETERMINISTIC = Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Deterministic
SEALED = 6

# Each type that MongoDB's library seals, and whether it also seals it deterministically.
VALUES = {
    "string": ("MRN-000001", True),
    "empty": ("", True),
    "arabic": ("سقط المريض من السرير 🩺", True),
    "long": ("x" * 100_000, True),
    "int32": (7, True),
    "int64": (bson.Int64(7), True),
    "date": (datetime.datetime(2026, 11, 22, 8, 0, tzinfo=datetime.timezone.utc), True),
    "objectid": (bson.ObjectId("65a1b2c3d4e5f60718293a4b"), True),
    "binary": (Binary(b"\x00\xff\xfe", 0), True),
    "uuid": (Binary.from_uuid(uuid.UUID(int=7)), True),
    "regex": (bson.Regex("^a.*", "i"), True),
    "timestamp": (bson.Timestamp(5, 6), True),
    "code": (bson.Code("x"), True),
    "double": (1.5, False),
    "bool": (True, False),
    "document": ({"a": 1, "b": ["x", None]}, False),
    "array": ([1, "two", {"three": 3}], False),
    "decimal": (bson.Decimal128("1.25"), False),
}


def main() -> None:
    told = json.load(sys.stdin)
    providers = {"local": {"key": base64.b64decode(told["local_key"])}}
    namespace = f"{told['database']}.__keyVault"
    options = CodecOptions(uuid_representation=STANDARD, tz_aware=True)
    client = MongoClient(told["url"])
    database = client[told["database"]]
    vault = ClientEncryption(providers, namespace, client, options)
    answer = {
        "opened": opened(database, vault),
        "by_itself": by_itself(told, providers, namespace),
        **searched(database, vault, told["number"]),
        "written": write(database, vault),
    }
    json.dump(answer, sys.stdout)


def opened(database, vault) -> dict:
    """The sealed fields of the one report, opened one by one."""
    report = database.incidents.find_one()
    sealed = {name: value for name, value in report.items() if is_sealed(value)}
    return {name: vault.decrypt(value) for name, value in sealed.items()}


def is_sealed(value) -> bool:
    return isinstance(value, Binary) and value.subtype == SEALED


def by_itself(told, providers, namespace) -> dict:
    """The same report, read by a client with automatic decryption."""
    options = AutoEncryptionOpts(providers, namespace, bypass_auto_encryption=True)
    with MongoClient(told["url"], auto_encryption_opts=options) as client:
        report = client[told["database"]].incidents.find_one()
    return {name: value for name, value in report.items() if isinstance(value, str)}


def searched(database, vault, number: str) -> dict:
    """The report, found by a file number that this program sealed."""
    sealed = vault.encrypt(number, DETERMINISTIC, key_alt_name="eovr-1")
    found = database.incidents.find_one({"medical_file_number": sealed})
    return {
        "found": found is not None,
        "same_bytes": found is not None and bytes(found["medical_file_number"]) == bytes(sealed),
    }


def write(database, vault) -> int:
    """Every type, sealed under our key and under a key of this program, with its plain value."""
    vault.create_data_key("local", key_alt_names=["another application"])
    written = []
    for key in ["eovr-1", "another application"]:
        for name, (value, also_deterministic) in VALUES.items():
            for algorithm in [RANDOM, DETERMINISTIC][: 1 + also_deterministic]:
                sealed = vault.encrypt(value, algorithm, key_alt_name=key)
                written.append({"key": key, "name": name, "algorithm": algorithm, "plain": value, "sealed": sealed})
    database.interop.insert_many(written)
    return len(written)


if __name__ == "__main__":
    main()
