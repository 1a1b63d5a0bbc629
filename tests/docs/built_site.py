"""The built site, for the slow tests: made once, served here, read as HTML and in a browser."""

import contextlib
import functools
import http.server
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from html.parser import HTMLParser

import pytest

from tests.docs.page_files import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
NOWHERE = dict.fromkeys(
    ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"
)


def build(folder):
    """Build the site as `make docs` does, where nothing can be fetched; return what was said."""
    if importlib.util.find_spec("sphinx") is None:
        pytest.skip("Sphinx is not installed: make .venv/.docs, or pip install -e '.[docs]'")
    done = subprocess.run(
        [
            sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-c", "docs",
            "-d", str(folder / "doctrees"), ".", str(folder / "html"),
        ],
        cwd=ROOT, env=os.environ | NOWHERE, capture_output=True, text=True,
    )  # fmt: skip
    (folder / "said").write_text(f"{done.returncode}\n{done.stderr}", encoding="utf-8")


def built_once(folder):
    """Build in ``folder``, or wait for the process that already does (pytest -n)."""
    try:
        folder.mkdir()
    except FileExistsError:
        for _ in range(1200):
            if (folder / "said").exists():
                return folder
            time.sleep(1)
        pytest.fail(f"nobody finished the site in {folder}")
    build(folder)
    return folder


@contextlib.contextmanager
def served(folder):
    """Serve a folder on this machine; yields the address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextlib.contextmanager
def browser():
    """Headless Chromium, as it is installed."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: on Debian, apt install chromium")
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("no playwright: make .venv/.browser, or pip install -e '.[browser]'")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


class Html(HTMLParser):
    """Names of anchors, links, and what a page loads."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loads = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag == "link" and given.get("href"):
            self.loads.append(given["href"])
        if given.get("src"):
            self.loads.append(given["src"])
        self.loads += re.findall(r"url\(['\"]?([^'\")]+)", given.get("style") or "")
