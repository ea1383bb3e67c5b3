"""SQLAlchemy: its ORM over asyncpg, aiosqlite and asyncmy."""

import json
import uuid

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Executable,
    Index,
    Integer,
    String,
    Table,
    Uuid,
    event,
    func,
    select,
)
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from incident import (
    CODES,
    COLUMNS,
    INTEGERS,
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

SERIAL = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    type_annotation_map = {str: String(64), int: BigInteger, bool: Boolean, dict: JSON, uuid.UUID: Uuid}


# Not an entity, because a number does not need the ORM's work for one.
COUNTERS = Table("counters", Base.metadata, Column("series", String(64), primary_key=True), Column("value", BigInteger))


class Incident(Base):
    __tablename__ = "incidents"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    governorate: Mapped[str]
    administration: Mapped[str]
    facility: Mapped[str]
    author: Mapped[str]
    state: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[int]
    updated_at: Mapped[int]
    month: Mapped[int]
    category: Mapped[str]
    occurred_at: Mapped[int | None]
    location: Mapped[str | None]
    factors: Mapped[str | None]
    disclosed: Mapped[bool | None]
    reporter_type: Mapped[str]
    actual_harm: Mapped[str | None]
    potential_harm: Mapped[str | None]
    severity: Mapped[str | None]
    ai_model: Mapped[str | None]
    ai_version: Mapped[str | None]
    ai_score: Mapped[int | None]
    ai_band: Mapped[str | None]
    high_risk: Mapped[bool]
    disposition: Mapped[str | None]
    medical_file_number: Mapped[str | None]
    narrative: Mapped[dict]
    __table_args__ = (
        Index("by_time", "created_at", "id"),
        Index("by_facility", "facility", "created_at", "id"),
        Index("by_administration", "administration", "created_at", "id"),
        Index("by_governorate", "governorate", "created_at", "id"),
        Index("by_state", "state", "created_at", "id"),
        Index("figures", "governorate", "administration", "facility", "month", "state", "severity"),
    )


class Audit(Base):
    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    incident: Mapped[uuid.UUID] = mapped_column(index=True)
    at: Mapped[int]
    actor: Mapped[str]
    action: Mapped[str]
    detail: Mapped[dict]


class Outbox(Base):
    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    at: Mapped[int]
    topic: Mapped[str]
    payload: Mapped[dict]


class Sql:
    def __init__(self, dialect: str, driver: str) -> None:
        self.dialect, self.driver = dialect, driver
        self.count = one_more(dialect)

    async def open(self, url: str) -> None:
        _, place = url.split("://", 1)
        if self.dialect == "sqlite":
            place = f"/{place}"  # the path follows the third `/`, and begins with one
        self.engine = create_async_engine(f"{self.driver}://{place}", pool_size=8)
        # On SQLite a reader must not wait for a writer's turn.
        reading = self.engine.execution_options(reads=True)
        if self.dialect == "sqlite":
            event.listen(self.engine.sync_engine, "connect", greet_sqlite)
            event.listen(self.engine.sync_engine, "begin", begin_sqlite)
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self.readers = async_sessionmaker(reading, expire_on_commit=False)
        async with self.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)

    async def submit(self) -> None:
        async with self.sessions.begin() as session:
            incident = Incident(
                **new_incident(f"{SERIES}-{await self.next_number(session):06}"),
                medical_file_number=new_file_number(),
                narrative=NARRATIVE,
            )
            told = {"id": str(incident.id), "number": incident.number, "state": incident.state}
            common = {"incident": incident.id, "at": incident.created_at, "actor": incident.author}
            session.add_all(
                [
                    incident,
                    Audit(action="report", detail=told, **common),
                    Audit(action="triage", detail={"score": incident.ai_score, "band": incident.ai_band}, **common),
                    Outbox(at=incident.created_at, topic="incident.report", payload=told),
                ]
            )

    async def next_number(self, session: AsyncSession) -> int:
        if self.dialect != "mariadb":
            return (await session.scalars(self.count)).one()
        await session.execute(self.count)
        return (await session.scalars(COUNTED)).one()

    async def ask(self, question: str) -> None:
        incident, governorate, administration = self.samples.next()
        newest = select(Incident).order_by(Incident.created_at.desc(), Incident.id.desc()).limit(PAGE)
        count = func.count()
        async with self.readers() as session:
            match question:
                case "page":
                    here = (Incident.governorate == governorate, Incident.administration == administration)
                    (await session.scalars(newest.where(*here))).all()
                case "deep":
                    total = await session.scalar(select(count).select_from(Incident)) or 0
                    (await session.scalars(newest.offset(total // 2))).all()
                case "load":
                    await session.get_one(Incident, incident)
                case "summary":
                    by = (Incident.state, Incident.severity)
                    (await session.execute(select(*by, count).group_by(*by))).all()
                case "trend":
                    by_month = select(Incident.month, count).group_by(Incident.month)
                    (await session.execute(by_month.where(Incident.month >= TREND_FROM))).all()
                case "compare":
                    (await session.execute(select(Incident.facility, count).group_by(Incident.facility))).all()
                case _:
                    raise ValueError(f"unknown question `{question}`")

    async def load(self, file: str) -> None:
        self.samples = Samples.of(file)
        async with self.engine.begin() as connection:
            run = connection.exec_driver_sql
            columns = ", ".join(f"{name} {'bigint' if name in INTEGERS else 'varchar(64)'}" for name in COLUMNS)
            await run(f"CREATE TABLE drawn ({columns})")
            await self.load_drawn(connection, file)
            names, values = zip(*self.selected().items(), strict=True)
            await run(f"INSERT INTO incidents ({', '.join(names)}) SELECT {', '.join(values)} FROM drawn")
            await run("DROP TABLE drawn")
        async with self.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            analyze = {"sqlite": "ANALYZE", "postgresql": "VACUUM ANALYZE incidents"}
            await connection.exec_driver_sql(analyze.get(self.dialect, "ANALYZE TABLE incidents"))

    async def load_drawn(self, connection: AsyncConnection, file: str) -> None:
        match self.dialect:
            case "postgresql":
                await connection.exec_driver_sql(f"COPY drawn FROM '{file}'")
            case "mariadb":
                await connection.exec_driver_sql(f"LOAD DATA INFILE '{file}' INTO TABLE drawn")
            case _:
                insert = f"INSERT INTO drawn VALUES ({', '.join('?' * len(COLUMNS))})"
                for rows in batches(read_rows(file), 10_000):
                    await connection.exec_driver_sql(insert, [tuple(row.values()) for row in rows])

    def selected(self) -> dict[str, str]:
        """Each column of an incident, and its value."""
        postgres = self.dialect == "postgresql"
        constants = {name: text if isinstance(text, str) else json.dumps(text) for name, text in CODES.items()}
        quoted = {name: text if text in ("true", "false") else f"'{text}'" for name, text in constants.items()}
        numbers = {name: constants[name] for name in ("version", "ai_score")}
        file_number = "concat('MF-', right(number, 7))" if self.dialect != "sqlite" else "'MF-' || substr(number, -7)"
        narrative = f"'{json.dumps(NARRATIVE)}'"
        return {
            **{name: name for name in COLUMNS},
            **quoted,
            **numbers,
            "id": "id::uuid" if postgres else "replace(id, '-', '')",
            "high_risk": "high_risk = 1",
            "occurred_at": "created_at - 7200000000",
            "medical_file_number": file_number,
            "narrative": f"{narrative}::json" if postgres else narrative,
        }


COUNTED = select(COUNTERS.c.value).where(COUNTERS.c.series == SERIES)


def one_more(dialect: str) -> Executable:
    """Takes the next number, and returns it if the database supports that."""
    first, following = {"series": SERIES, "value": 1}, {"value": COUNTERS.c.value + 1}
    if dialect == "mariadb":
        return mysql.insert(COUNTERS).values(first).on_duplicate_key_update(following)
    insert = sqlite.insert(COUNTERS) if dialect == "sqlite" else postgresql.insert(COUNTERS)
    counted = insert.values(first).on_conflict_do_update(index_elements=["series"], set_=following)
    return counted.returning(COUNTERS.c.value)


def greet_sqlite(connection, _record) -> None:
    connection.isolation_level = None  # this code begins transactions itself
    cursor = connection.cursor()
    for setting in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 30000", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def begin_sqlite(connection) -> None:
    reads = connection.get_execution_options().get("reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
