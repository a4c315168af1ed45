"""Execute the notebooks and keep their outputs small: `python notebooks/execute.py [NAME ...]`, in this order by default.

They go on from one run in RINGSIGHT_WORK (by default ../out/notebooks); the first makes it, with a synthetic bank, so that
no customer's data is in what is kept.
"""

import os
import sys
from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

HERE = Path(__file__).parent
ORDER = (
    "from_frames_to_a_ring",
    "the_space",
    "fusion_compared",
    "calibrating_the_rate",
    "peers_and_an_experiment",
    "a_case",
    "training_on_a_gpu",
)
KEPT = ("text/plain", "image/png")
"""Of an output's forms; HTML says the same at ten times the size."""
WIDEST = 760
"""Pixels of a picture."""
SMALL = "%config InlineBackend.figure_formats = ['png']"


def execute(file: Path) -> None:
    """Execute a notebook and write it with its outputs; an error is raised, and nothing is written."""
    notebook = nbformat.read(file, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SMALL))
    client = NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": str(HERE)}})
    client.create_kernel_manager().transport = "ipc"  # by files of this user, not by ports of the machine
    client.execute()
    notebook.cells.pop(0)
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [shortened(each) for each in cell.outputs if each.get("name") != "stderr"]
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}
    file.write_text(nbformat.writes(notebook, indent=1) + "\n", encoding="utf-8")


def shortened(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An output in its small forms."""
    if "data" in output:
        output["data"] = {form: data for form, data in output["data"].items() if form in KEPT}
        output["metadata"] = {}
        if picture := output["data"].get("image/png"):
            output["data"]["image/png"] = shrunk(picture)
    if output["output_type"] == "execute_result":
        output["execution_count"] = None
    return output


def shrunk(encoded: str) -> str:
    """A PNG of at most `WIDEST` pixels and 48 colours."""
    picture = Image.open(BytesIO(b64decode(encoded))).convert("RGB")
    picture.thumbnail((WIDEST, WIDEST), Image.Resampling.LANCZOS)
    written = BytesIO()
    picture.quantize(48).save(written, "PNG", optimize=True)
    return b64encode(written.getvalue()).decode() + "\n"


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    for name in sys.argv[1:] or ORDER:
        execute(HERE / f"{name}.ipynb")
        print(name)
