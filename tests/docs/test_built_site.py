"""The site as a reader gets it: built without a network, then every page in a browser."""

import re
from functools import cache
from urllib.parse import unquote, urldefrag

import pytest

from tests.docs.built_site import Html, browser, built_once, served
from tests.docs.page_files import NOTEBOOKS, figures

pytestmark = pytest.mark.slow
OTHER_HOST = re.compile(r"^([a-z]+:)?//")
CHECK = r"""() => {
  const wide = [], raw = [], article = document.querySelector("article") || document.body;
  const scrolls = (e) => {
    for (let a = e; a && a !== article; a = a.parentElement)
      if (["auto", "scroll"].includes(getComputedStyle(a).overflowX)) return true;
    return false;
  };
  article.querySelectorAll("*").forEach((e) => {
    if (e.closest("mjx-assistive-mml, svg")) return;
    const box = e.getBoundingClientRect();
    if (box.width > 1 && box.right > innerWidth + 1 && !scrolls(e))
      wide.push(e.tagName + " " + e.className + " " + e.textContent.slice(0, 40));
  });
  if (document.documentElement.scrollWidth > innerWidth) wide.push("the page");
  const texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  const tex = /\\[a-zA-Z]{2,}|\\[()[\]]|\$\$|\$[^\s$][^$\n]*\$|:math:/;
  if (article.textContent.includes("interactive(children=")) raw.push("a slider");
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (text.parentElement.closest("pre, code, script, style, mjx-container")) continue;
    if (tex.test(text.data)) raw.push(text.data.trim().slice(0, 80));
  }
  return {
    wide: wide.slice(0, 5), raw,
    failed: [...document.querySelectorAll("[data-mml-node=merror], mjx-merror")].map(
      (e) => e.closest("mjx-container").textContent.slice(0, 80)),
    unset: [...document.querySelectorAll(".math")].filter(
      (e) => !e.querySelector("mjx-container")).map((e) => e.textContent.slice(0, 80)),
    images: article.querySelectorAll("img").length,
    missing: [...article.querySelectorAll("img")].filter((e) => !e.naturalWidth).map((e) => e.src),
  };
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    shared = tmp_path_factory.getbasetemp()
    if shared.name.startswith("popen-"):  # one of several processes: they share the folder above
        shared = shared.parent
    folder = built_once(shared / "site")
    status, _, said = (folder / "said").read_text(encoding="utf-8").partition("\n")
    return folder / "html", int(status), said


def test_the_site_builds_without_a_network_and_without_a_warning(site):
    folder, status, said = site
    assert status == 0, said  # -W: a warning is a failure
    assert (folder / "index.html").exists()


def test_no_link_inside_the_site_is_broken_and_nothing_is_loaded_from_elsewhere(site):
    folder = site[0]
    parse = cache(lambda path: Html(path.read_text(encoding="utf-8")))
    broken, foreign = [], []
    for page in folder.rglob("*.html"):
        name = page.relative_to(folder).as_posix()
        html = parse(page)
        foreign += [f"{name}: {load}" for load in html.loads if OTHER_HOST.match(load)]
        for link in html.links + html.loads:
            target, anchor = urldefrag(unquote(link))
            if re.match(r"[a-z]+:", link) or link.startswith("//"):
                continue
            path = (page.parent / target.split("?")[0]).resolve() if target else page
            anchors = parse(path).ids if path.is_file() and path.suffix == ".html" else {anchor}
            if not path.is_file() or (anchor and anchor not in anchors):
                broken.append(f"{name}: {link}")
    for style in folder.rglob("*.css"):
        loads = re.findall(
            r"url\(['\"]?([^'\")]+)|@import ['\"]([^'\"]+)", style.read_text("utf-8")
        )
        foreign += [f"{style.name}: {a or b}" for a, b in loads if OTHER_HOST.match(a or b)]
    assert not broken + foreign, "\n".join(broken + foreign)


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_is_in_order_in_a_browser(site, width):
    folder, wrong = site[0], []
    pictures = {f"notebooks/{path.stem}.html": figures(path) for path in NOTEBOOKS}
    with served(folder) as address, browser() as chromium:
        page = chromium.new_page(viewport={"width": width, "height": 900})
        page.on("console", lambda m: m.type == "error" and wrong.append(f"{page.url}: {m.text}"))
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on(
            "request",
            lambda r: r.url.startswith((address, "data:")) or wrong.append(f"{page.url}: {r.url}"),
        )
        for path in sorted(folder.rglob("*.html")):
            name = path.relative_to(folder).as_posix()
            if name == "index.html" or name.startswith("_static"):  # it only leads on
                continue
            page.goto(address + name)
            page.evaluate("window.MathJax && MathJax.startup.promise.then(() => 0)")
            seen = page.evaluate(CHECK)
            images = seen.pop("images")
            wrong += [f"{name}: {what}: {it}" for what, found in seen.items() for it in found]
            if images != pictures.get(name, images):
                wrong.append(f"{name}: {images} figures instead of {pictures[name]}")
        assert set(pictures) <= {p.relative_to(folder).as_posix() for p in folder.rglob("*.html")}
        page.close()
    assert not wrong, "\n".join(wrong)


def test_the_search_finds_the_trust_ratio_and_the_front_page_leads_on(site):
    with served(site[0]) as address, browser() as chromium:
        page = chromium.new_page()
        page.goto(address)
        page.wait_for_url(address + "docs/index.html")
        page.fill(".sidebar-search", "trust ratio")
        page.press(".sidebar-search", "Enter")
        page.wait_for_selector("ul.search li a", timeout=60_000)
        found = page.locator("ul.search li a").all_text_contents()
        page.close()
    assert any("optim" in title for title in found), found
