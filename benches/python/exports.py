"""The same exports in Python: the peer of the benchmark `export`.

    exports.py WRITER FILE ROWS

FILE has one JSON array a line, the cells of a row as text, number, truth value, `{"time": "..."}` or null, the names
first; rows are cycled until there are ROWS. For a PDF it is the document as JSON. Reading is not timed. Writes one
JSON object to standard output: `cpu`, seconds of this process for the work; `bytes`, the size of the file;
`peak`, its resident memory in kilobytes.
"""

import datetime
import itertools
import json
import resource
import sys
import tempfile
from pathlib import Path
from time import process_time

HEAD = {"bold": True, "font_color": "white", "bg_color": "#1F4E78", "text_wrap": True}


def cell(value):
    if isinstance(value, dict):
        return datetime.datetime.fromisoformat(value["time"])
    return value


def read(path):
    with open(path, encoding="utf-8") as file:
        names, *rows = [[cell(value) for value in json.loads(line)] for line in file]
    return names, rows


def xlsxwriter(path, to, count, constant):
    import xlsxwriter

    names, rows = read(path)
    begun = process_time()
    book = xlsxwriter.Workbook(to, {"constant_memory": constant, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    head = book.add_format(HEAD)
    time = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.freeze_panes(1, 1)
    sheet.right_to_left()
    sheet.set_column(0, len(names) - 1, 20)
    for at, name in enumerate(names):
        sheet.write_string(0, at, name, head)
    for number, row in enumerate(itertools.islice(itertools.cycle(rows), count), 1):
        for at, value in enumerate(row):
            match value:
                case None:
                    pass
                case bool():
                    sheet.write_boolean(number, at, value)
                case datetime.datetime():
                    sheet.write_datetime(number, at, value, time)
                case int():
                    sheet.write_number(number, at, value)
                case _:
                    sheet.write_string(number, at, value)
    sheet.autofilter(0, 0, count, len(names) - 1)
    book.close()
    return process_time() - begun


def openpyxl(path, to, count, write_only):
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    names, rows = read(path)
    begun = process_time()
    book = Workbook(write_only=write_only)
    sheet = book.create_sheet() if write_only else book.active
    sheet.freeze_panes = "B2"
    sheet.sheet_view.rightToLeft = True
    for at in range(len(names)):
        sheet.column_dimensions[get_column_letter(at + 1)].width = 20
    head = []
    for name in names:
        styled = WriteOnlyCell(sheet, value=name)
        styled.font = Font(bold=True, color="FFFFFF")
        styled.fill = PatternFill("solid", fgColor="1F4E78")
        head.append(styled)
    sheet.append(head)
    for row in itertools.islice(itertools.cycle(rows), count):
        sheet.append(row)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(names))}{count + 1}"
    book.save(to)
    return process_time() - begun


def fonts(document):
    return document["fonts"]["regular"], document["fonts"]["bold"]


def reportlab(path, to, count):
    import arabic_reshaper
    from bidi.algorithm import get_display
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.pdfmetrics import stringWidth
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    document = json.loads(Path(path).read_text("utf-8"))
    # It writes Arabic in presentation forms. Our subset of Amiri does not have them, so the text would be blank.
    regular, bold = (f"/usr/share/fonts/truetype/dejavu/DejaVuSans{face}.ttf" for face in ("", "-Bold"))
    begun = process_time()
    pdfmetrics.registerFont(TTFont("R", regular))
    pdfmetrics.registerFont(TTFont("B", bold))
    body = ParagraphStyle("body", fontName="R", fontSize=10, leading=15, alignment=2)
    title = ParagraphStyle("title", fontName="B", fontSize=18, leading=28, alignment=2)

    def shaped(text):
        return get_display(arabic_reshaper.reshape(text), base_dir="R")

    def wrapped(text, wide, size=9, font="R"):
        # Lines are cut in logical order, and each is put into visual order by itself.
        lines, line = [], ""
        for word in text.split():
            longer = f"{line} {word}".strip()
            if line and stringWidth(arabic_reshaper.reshape(longer), font, size) > wide:
                lines.append(shaped(line))
                line = word
            else:
                line = longer
        return "\n".join([*lines, shaped(line)])

    for _ in range(count):
        story = [Paragraph(shaped(document["title"]), title)]
        grid = TableStyle([("FONTNAME", (0, 0), (-1, -1), "R"), ("FONTSIZE", (0, 0), (-1, -1), 9),
                           ("ALIGN", (0, 0), (-1, -1), "RIGHT"), ("VALIGN", (0, 0), (-1, -1), "TOP"),
                           ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.lightgrey)])
        facts = [[wrapped(value, 330), shaped(name)] for name, value in document["facts"]]
        story += [Table(facts, colWidths=[350, 150], style=grid), Spacer(1, 10)]
        for text in document["texts"]:
            for line in wrapped(text, 490, 10).split("\n"):
                story.append(Paragraph(line, body))
            story.append(Spacer(1, 6))
        rows = [[wrapped(value, 500 / len(row) - 12) for value in reversed(row)] for row in document["rows"]]
        story.append(Table(rows, colWidths=[500 / len(rows[0])] * len(rows[0]), repeatRows=1, style=grid))

        def foot(canvas, page):
            canvas.setFont("R", 8)
            canvas.drawString(46, 30, shaped(f"صفحة {page.page}"))

        SimpleDocTemplate(to, pagesize=A4, leftMargin=46, rightMargin=46).build(story, onFirstPage=foot, onLaterPages=foot)
    return (process_time() - begun) / count


def fpdf2(path, to, count):
    from fpdf import FPDF
    from fpdf.enums import XPos, YPos

    document = json.loads(Path(path).read_text("utf-8"))
    regular, bold = fonts(document)
    begun = process_time()
    for _ in range(count):
        pdf = FPDF(format="A4")
        pdf.add_font("A", "", regular)
        pdf.add_font("A", "B", bold)
        pdf.set_text_shaping(True)
        pdf.add_page()
        pdf.set_font("A", "B", 18)
        pdf.cell(0, 12, document["title"], align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.set_font("A", "", 9)
        with pdf.table(text_align="RIGHT", first_row_as_headings=False, col_widths=(70, 30)) as table:
            for name, value in document["facts"]:
                row = table.row()
                row.cell(value)
                row.cell(name)
        pdf.set_font("A", "", 10)
        for text in document["texts"]:
            pdf.multi_cell(0, 6, text, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.set_font("A", "", 9)
        with pdf.table(text_align="RIGHT") as table:
            for values in document["rows"]:
                row = table.row()
                for value in reversed(values):
                    row.cell(value)
        pdf.output(to)
    return (process_time() - begun) / count


def weasyprint(path, to, count):
    import html as escape

    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    document = json.loads(Path(path).read_text("utf-8"))
    regular, bold = fonts(document)

    def said(text):
        return escape.escape(text)

    begun = process_time()
    for _ in range(count):
        config = FontConfiguration()
        style = CSS(string=f"""@font-face {{ font-family: A; src: url(file://{regular}); }}
            @font-face {{ font-family: A; font-weight: bold; src: url(file://{bold}); }}
            @page {{ size: A4; margin: 46pt; @bottom-left {{ content: counter(page) " / " counter(pages); }} }}
            body {{ font: 10pt A; }} table {{ width: 100%; font-size: 9pt; }}""", font_config=config)
        facts = "".join(f"<tr><th>{said(name)}</th><td>{said(value)}</td></tr>" for name, value in document["facts"])
        texts = "".join(f"<p>{said(text)}</p>" for text in document["texts"])
        head, *body = document["rows"]
        heads = "".join(f"<th>{said(value)}</th>" for value in head)
        rows = "".join("<tr>" + "".join(f"<td>{said(value)}</td>" for value in row) + "</tr>" for row in body)
        page = (f"<html dir=rtl lang=ar><body><h1>{said(document['title'])}</h1><table>{facts}</table>{texts}"
                f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></body></html>")
        HTML(string=page).write_pdf(to, stylesheets=[style], font_config=config)
    return (process_time() - begun) / count


TYPST = """
#let document = json("document.json")
#set page(paper: "a4", margin: 46pt, footer: context [صفحة #counter(page).display() من #counter(page).final().first()])
#set text(font: "Amiri", size: 10pt, lang: "ar", dir: rtl)
#set table(stroke: (bottom: 0.4pt + luma(200)))
= #document.title
#text(9pt, table(columns: (30%, 70%), ..document.facts.flatten()))
#for text in document.texts { par(text) }
#text(9pt, table(
  columns: (1fr,) * document.rows.first().len(),
  table.header(..document.rows.first()),
  ..document.rows.slice(1).flatten(),
))
"""


def typst(path, to, count):
    import typst as library

    document = json.loads(Path(path).read_text("utf-8"))
    regular, _ = fonts(document)
    folder = Path(to).parent
    (folder / "report.typ").write_text(TYPST, "utf-8")
    spent = 0.0
    for number in range(count):
        # It caches layouts, so each document must differ.
        document["texts"] = [f"{text} {number}" for text in document["texts"]]
        document["facts"] = [[name, f"{value} {number}"] for name, value in document["facts"]]
        document["rows"] = [[f"{value} {number}" for value in row] for row in document["rows"]]
        (folder / "document.json").write_text(json.dumps(document), "utf-8")
        begun = process_time()
        library.compile(folder / "report.typ", output=to, format="pdf", font_paths=[Path(regular).parent], ignore_system_fonts=True)
        spent += process_time() - begun
    return spent / count


WRITERS = {
    "xlsxwriter": lambda path, to, count: xlsxwriter(path, to, count, False),
    "xlsxwriter-constant": lambda path, to, count: xlsxwriter(path, to, count, True),
    "openpyxl": lambda path, to, count: openpyxl(path, to, count, False),
    "openpyxl-write-only": lambda path, to, count: openpyxl(path, to, count, True),
    "reportlab": reportlab,
    "fpdf2": fpdf2,
    "typst": typst,
    "weasyprint": weasyprint,
}

if __name__ == "__main__":
    writer, path, count = sys.argv[1:4]
    with tempfile.TemporaryDirectory() as folder:
        to = sys.argv[4] if len(sys.argv) > 4 else str(Path(folder) / "out")
        cpu = WRITERS[writer](path, to, int(count))
        size = Path(to).stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"cpu": cpu, "bytes": size, "peak": peak}))
