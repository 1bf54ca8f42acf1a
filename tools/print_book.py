"""Print the built book into one PDF through a browser: `make pdf`.

Each page is opened under its published address, and answered from _build/html; so a link to another page leads to the
published book, and one within the page stays in the PDF.
"""

import io
import mimetypes
import re
import sys
from urllib.parse import urlparse

import yaml
from browser import BROWSER, MISSING, SWITCHES
from places import ROOT, SITE
from playwright.sync_api import sync_playwright
from pypdf import PdfWriter

RESULT = ROOT / "_build/regularisation.pdf"


def main():
    if not BROWSER:
        sys.exit(MISSING)
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = [toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])]
    first = (SITE / f"{pages[0]}.html").read_text(encoding="utf-8")
    address = re.search(r'<link rel="canonical" href="([^"]*)"', first).group(1).removesuffix(f"{pages[0]}.html")

    def answer(route):
        file = SITE / urlparse(route.request.url).path.removeprefix(urlparse(address).path)
        kind = mimetypes.guess_type(file)[0] or "application/octet-stream"
        route.fulfill(body=file.read_bytes(), content_type=kind)

    book = PdfWriter()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=SWITCHES)
        tab = browser.new_page(color_scheme="light")
        tab.route(f"{address}**", answer)
        for page in pages:
            tab.goto(f"{address}{page}.html", wait_until="networkidle")
            tab.evaluate("document.querySelectorAll('img').forEach(image => { image.loading = 'eager'; })")
            tab.wait_for_function("[...document.images].every(image => image.complete)")
            printed = tab.pdf(format="A4", scale=0.8, margin=dict.fromkeys(("top", "bottom", "left", "right"), "18mm"))
            book.append(io.BytesIO(printed), outline_item=tab.title().partition(" — ")[0])
            print(page)
        browser.close()
    book.write(RESULT)
    print(f"The book is printed: {RESULT.relative_to(ROOT)}, {len(book.pages)} pages.")


if __name__ == "__main__":
    main()
