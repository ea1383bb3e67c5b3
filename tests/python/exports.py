"""Reads eovr's exports with independent libraries.

    exports.py xlsx FILE    every cell and the sheets' settings, as openpyxl reads them
    exports.py parquet FILE  the columns, the rows and the row groups, as pyarrow reads them
    exports.py log FILE CHECKPOINT KEY    verifies a log against a checkpoint, with hashlib and cryptography
    exports.py ua FILE      the findings of the checker pdfua in a PDF, and its outline
    exports.py fhir FILE RELEASE    validates a bundle with the model library fhir.resources

Writes one JSON object to standard output.
"""

import datetime
import json
import sys


def xlsx(path):
    import openpyxl

    book = openpyxl.load_workbook(path)
    sheets = []
    for sheet in book.worksheets:
        rows = []
        for row in sheet.iter_rows():
            rows.append(
                [
                    {
                        "value": cell.value.isoformat() if isinstance(cell.value, datetime.datetime) else cell.value,
                        "type": cell.data_type,
                        "quoted": bool(cell.quotePrefix),
                        "reading": int(cell.alignment.readingOrder),
                        "colour": cell.fill.fgColor.rgb if cell.fill.fill_type else None,
                    }
                    for cell in row
                ]
            )
        sheets.append(
            {
                "name": sheet.title,
                "rtl": bool(sheet.sheet_view.rightToLeft),
                "frozen": sheet.freeze_panes,
                "filter": sheet.auto_filter.ref,
                "charts": len(sheet._charts),
                "widths": [sheet.column_dimensions[c].width for c in ("A", "B", "C")],
                "rows": rows,
            }
        )
    return {"sheets": sheets, "created": book.properties.created.isoformat()}


def parquet(path):
    from pyarrow import parquet

    file = parquet.ParquetFile(path)
    table = file.read()
    groups = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    types = {field.name: str(field.type) for field in table.schema}
    by = file.metadata.created_by
    packed = file.metadata.row_group(0).column(0).compression if groups else None
    rows = table.slice(0, 200).to_pylist()
    for row in rows:
        for name, value in row.items():
            if isinstance(value, datetime.datetime):
                row[name] = value.isoformat(timespec="microseconds").replace("+00:00", "Z")
            elif isinstance(value, bytes):
                row[name] = value.hex()
    return {"types": types, "rows": rows, "groups": groups, "by": by, "packed": packed}


def fhir(path, release):
    if release == "R5":
        from fhir.resources.bundle import Bundle
    else:
        from fhir.resources.R4B.bundle import Bundle

    with open(path, encoding="utf-8") as file:
        text = file.read()
    bundle = Bundle.model_validate_json(text)
    kinds = {}
    for entry in bundle.entry or []:
        kind = type(entry.resource).__name__
        kinds[kind] = kinds.get(kind, 0) + 1
    # Checks that the model lacks: references resolve, and a FHIR string has valid characters.
    raw = json.loads(text)
    known = {entry["fullUrl"] for entry in raw.get("entry", [])}
    lost, unfit = [], []

    def walk(value, key=None):
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, key)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, key)
        elif isinstance(value, str):
            if key == "reference" and value not in known and not value.startswith("#"):
                lost.append(value)
            if any(c < " " and c not in "\t\n\r" for c in value):
                unfit.append(key)

    walk(raw)
    return {"kinds": kinds, "lost": lost, "unfit": unfit}


def log(path, checkpoint, key):
    import base64
    import hashlib

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    def sha(*parts):
        return hashlib.sha256(b"".join(parts)).digest()

    def root(leaves):
        if len(leaves) == 1:
            return leaves[0]
        cut = 1 << (len(leaves) - 1).bit_length() - 1
        return sha(b"\x01", root(leaves[:cut]), root(leaves[cut:]))

    name, identity, public = key.split("+", 2)
    public = base64.b64decode(public)
    assert sha(name.encode(), b"\n", public)[:4].hex() == identity
    text, signature = open(checkpoint, encoding="utf-8").read().split("\n\n")
    signature = base64.b64decode(signature.strip().removeprefix(f"— {name} "))
    assert signature[:4].hex() == identity
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[4:], f"{text}\n".encode())
    origin, size, signed = text.split("\n")
    leaves = []
    with open(path, encoding="utf-8") as file:
        for line in map(json.loads, file):
            message = json.loads(line["message"])
            assert sha(b"eovr.event.v1\n", line["event"].encode()).hex() == message["event"]
            leaves.append(sha(b"\x00", line["message"].encode()))
    return {
        "origin": origin,
        "entries": len(leaves),
        "size": int(size),
        "fits": base64.b64encode(root(leaves)).decode() == signed,
    }


def ua(path):
    import pdfua
    import pikepdf

    titles = []
    with pikepdf.open(path) as pdf, pdf.open_outline() as outline:
        below = list(outline.root)
        for item in below:
            titles.append(item.title)
            below.extend(item.children)
    found = [f"{finding.rule_id}: {finding.message}" for finding in pdfua.validate(path).findings]
    return {"findings": found, "outline": titles}


if __name__ == "__main__":
    of, *rest = sys.argv[1:]
    print(json.dumps({"xlsx": xlsx, "parquet": parquet, "fhir": fhir, "log": log, "ua": ua}[of](*rest), ensure_ascii=False))
