"""Motor, with narrative and file number in the clear or encrypted one by one by MongoDB's own library.

This code calls the library through pymongo, on the event loop, because Motor's own wrapper sends each of the seven
calls to a thread, which takes longer than the call.
"""

import uuid
from time import perf_counter, process_time

from bson.binary import STANDARD
from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ASCENDING, DESCENDING, IndexModel, MongoClient, ReturnDocument
from pymongo.encryption import Algorithm, ClientEncryption
from pymongo.write_concern import WriteConcern

from incident import (
    CODES,
    NARRATIVE,
    PAGE,
    SERIES,
    TREND_FROM,
    Samples,
    batches,
    new_file_number,
    new_incident,
    read_rows,
)

RANDOM = Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Random
DETERMINISTIC = Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Deterministic

LOCAL_KEY = {"local": {"key": bytes(range(96))}}

MAJORITY = WriteConcern("majority")

NEWEST = [("created_at", DESCENDING), ("_id", DESCENDING)]

INDEXES = [
    IndexModel([("number", ASCENDING)], unique=True),
    IndexModel(NEWEST),
    *(IndexModel([(name, ASCENDING), *NEWEST]) for name in ("facility", "administration", "governorate", "state")),
    IndexModel([(n, ASCENDING) for n in "governorate administration facility month state severity".split()]),
]


class Mongo:
    def __init__(self, encrypts: bool) -> None:
        self.encrypts = encrypts

    async def open(self, url: str) -> None:
        self.client: AsyncIOMotorClient = AsyncIOMotorClient(url, uuidRepresentation="standard")
        database = self.database = self.client.get_default_database()
        self.incidents, self.counters = database.incidents, database.get_collection("counters", write_concern=MAJORITY)
        await self.incidents.create_indexes(INDEXES)
        await database.audit.create_index("incident")
        await database.outbox.create_index("at")
        await self.counters.update_one({"_id": SERIES}, {"$setOnInsert": {"value": 0}}, upsert=True)
        if self.encrypts:
            options: CodecOptions = CodecOptions(uuid_representation=STANDARD)
            vault = f"{database.name}.__keyVault"
            self.encryption: ClientEncryption = ClientEncryption(LOCAL_KEY, vault, MongoClient(url), options)
            self.key = self.encryption.create_data_key("local", key_alt_names=["peer"])

    async def submit(self) -> None:
        # Before the transaction, because inside it eight callers would conflict on the counter.
        counter = await self.counters.find_one_and_update(
            {"_id": SERIES}, {"$inc": {"value": 1}}, return_document=ReturnDocument.AFTER
        )
        incident = new_incident(f"{SERIES}-{counter['value']:06}")
        incident["_id"] = incident.pop("id")
        incident |= self.sealed() if self.encrypts else {**NARRATIVE, "medical_file_number": new_file_number()}
        told = {"id": str(incident["_id"]), "number": incident["number"], "state": incident["state"]}
        common = {"incident": incident["_id"], "at": incident["created_at"], "actor": incident["author"]}
        audit = [
            {"action": "report", "detail": told, **common},
            {"action": "triage", "detail": {"score": incident["ai_score"], "band": incident["ai_band"]}, **common},
        ]
        outbox = {"at": incident["created_at"], "topic": "incident.report", "payload": told}

        async def insert(session) -> None:
            await self.incidents.insert_one(incident, session=session)
            await self.database.audit.insert_many(audit, session=session)
            await self.database.outbox.insert_one(outbox, session=session)

        async with await self.client.start_session() as session:
            await session.with_transaction(insert, write_concern=MAJORITY)

    def sealed(self) -> dict:
        """Seven fields; the file number is deterministic, so that it can be searched for."""
        encrypt = self.encryption.encrypt
        narrative = {name: encrypt(text, RANDOM, key_id=self.key) for name, text in NARRATIVE.items()}
        return {**narrative, "medical_file_number": encrypt(new_file_number(), DETERMINISTIC, key_id=self.key)}

    def seal(self, deterministic: bool, seconds: float) -> dict:
        """The library alone."""
        algorithm, done = DETERMINISTIC if deterministic else RANDOM, 0
        cpu, began = process_time(), perf_counter()
        while perf_counter() - began < seconds:
            self.encryption.encrypt("MRN-00000001", algorithm, key_id=self.key)
            done += 1
        return {"done": done, "seconds": perf_counter() - began, "cpu": process_time() - cpu}

    async def ask(self, question: str) -> None:
        incident, governorate, administration = self.samples.next()
        count = {"count": {"$sum": 1}}
        match question:
            case "page":
                here = {"governorate": governorate, "administration": administration}
                await self.incidents.find(here).sort(NEWEST).limit(PAGE).to_list()
            case "deep":
                total = await self.incidents.count_documents({})
                await self.incidents.find().sort(NEWEST).skip(total // 2).limit(PAGE).to_list()
            case "load":
                assert await self.incidents.find_one({"_id": incident})
            case "summary":
                await self.group({}, {"state": "$state", "severity": "$severity"}, count)
            case "trend":
                await self.group({"month": {"$gte": TREND_FROM}}, "$month", count)
            case "compare":
                await self.group({}, "$facility", count)
            case _:
                raise ValueError(f"unknown question `{question}`")

    async def group(self, where: dict, by: object, count: dict) -> None:
        await self.incidents.aggregate([{"$match": where}, {"$group": {"_id": by, **count}}]).to_list()

    async def load(self, file: str) -> None:
        self.samples = Samples.of(file)
        for rows in batches(read_rows(file), 5_000):
            for row in rows:
                row["_id"] = uuid.UUID(row.pop("id"))
                row |= CODES | NARRATIVE | {"occurred_at": row["created_at"] - 7_200_000_000}
                row["medical_file_number"] = f"MF-{row['number'][-7:]}"
                row["high_risk"] = bool(row["high_risk"])
            await self.incidents.insert_many(rows, ordered=False)
