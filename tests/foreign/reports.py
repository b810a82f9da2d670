"""What the tests share: a server with the example years, its reports, and foreign programs.

The server has a log of its own on a free port of this machine, and is stopped at the end.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("DISCLOSURE_BIN", ROOT / "target" / "debug" / "disclosure")
TIMEOUT = 240
"""How long one program may take: seconds."""

EXAMPLES = {
    "luoyang": ("洛阳市司法局", 2020, None, "luoyang-2020"),
    "shanghai": ("上海市人民政府办公厅", 2019, None, "shanghai-office-2019"),
    "shanghai-2021": ("上海市人民政府办公厅", 2019, "2021", "shanghai-office-2019"),
}
"""Agency, year, edition of the form if it is not the year's own, and folder, by name."""

SECTIONS = ["s1_overview", "s5_problems", "s6_other"]


class Session:
    """A running server and the files that were made from its reports."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="disclosure-foreign-"))
        command = [BINARY, "serve", "--data", self.folder / "log", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        first_line = self.process.stdout.readline()
        found = re.search(r"serving on (http://127\.0\.0\.1:\d+)", first_line)
        if not found:
            self.process.kill()
            raise RuntimeError(f"the server did not say where it serves: {first_line!r}")
        self.address = found.group(1)
        for agency, (name, year, _, folder) in EXAMPLES.items():
            if "-" not in agency:
                self.record(agency, name, year, ROOT / "examples" / folder)

    def command(self, *arguments):
        run([BINARY, *arguments, "--server", self.address])

    def record(self, agency, name, year, folder):
        self.command("agency", "register", "--id", agency, "--name", name)
        files = []
        for kind in ["applications", "remedies", "proactive"]:
            file = folder / f"{kind}.csv"
            if file.exists():
                files += [f"--{kind}", file]
        self.command("import", "--agency", agency, *files)
        for section in SECTIONS:
            file = folder / f"{section}.md"
            if file.exists():
                where = ["--agency", agency, "--year", str(year), "--section", section]
                self.command("narrative", "set", *where, file)

    def report(self, name, format):
        """The file with a report in a format."""
        file = self.folder / f"{name}.{format}"
        if not file.exists():
            _, year, form, _ = EXAMPLES[name]
            which = ["--agency", name.split("-")[0], "--year", str(year)]
            which += ["--form", form] if form else []
            self.command("report", *which, "--format", format, "--output", file)
        return file

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(TIMEOUT)
        finally:
            self.process.kill()
            self.process.stdout.close()
            shutil.rmtree(self.folder, ignore_errors=True)


SESSION = None


def begin():
    global SESSION
    SESSION = Session()


def end():
    SESSION.stop()


def run(command):
    """Runs a program; what it says goes into the error if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def program(*names):
    """The path of a program by one of its names; skips the test if it is not installed."""
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    raise unittest.SkipTest(f"{names[0]} is not installed")


def converted(file, extension):
    """A file as LibreOffice writes it in another format."""
    soffice = program("soffice", "libreoffice")
    out = SESSION.folder / "converted"
    profile = f"-env:UserInstallation=file://{SESSION.folder}/profile"
    run([soffice, profile, "--headless", "--convert-to", extension, "--outdir", out, file])
    return out / f"{file.stem}.{extension}"


def text_of_pdf(file):
    """The text of a PDF without spaces and line ends, and how many pages it has."""
    text = run([program("pdftotext"), "-layout", file, "-"])
    return re.sub(r"\s+", "", text), text.count("\f")


class Figures:
    """A report in JSON, as the rows of figures of each table in the order of the form."""

    def __init__(self, name):
        self.report = json.loads(SESSION.report(name, "json").read_text(encoding="utf-8"))
        tables = self.report["tables"]
        self.proactive = list(tables["proactive"].values())
        self.applications = [list(row.values()) for row in tables["applications"].values()]
        self.remedies = list(tables["remedies"].values())

    @property
    def title(self):
        return f"{self.report['agency_name']}{self.report['year']}年政府信息公开工作年度报告"


SECTION_TITLES = [
    "一、总体情况",
    "二、主动公开政府信息情况",
    "三、收到和处理政府信息公开申请情况",
    "四、政府信息公开行政复议、行政诉讼情况",
    "五、存在的主要问题及改进情况",
    "六、其他需要报告的事项",
]

CORNER = "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）"
RESULTS = "三、本年度办理结果"
CONTENT = "信息内容"
ORGANIZATIONS = "法人或其他组织"
