"""Execute the notebooks and keep their outputs small: `python notebooks/execute.py [NAME ...]`, in this order by default.

They go on from one run in RINGSIGHT_WORK (by default ../out/notebooks); the first makes it, with a synthetic bank, so that
no customer's data is in what is kept.
"""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

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
SMALL = "%config InlineBackend.figure_formats = ['png']\n%config InlineBackend.rc = {'figure.dpi': 50}"


def execute(file: Path) -> None:
    """Execute a notebook and write it with its outputs; an error is raised, and nothing is written."""
    notebook = nbformat.read(file, as_version=4)
    client = NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": str(HERE)}})
    with client.setup_kernel():
        client.execute_cell(nbformat.v4.new_code_cell(SMALL), -1, store_history=False)
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [shortened(each) for each in cell.outputs if each.get("name") != "stderr"]
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}
    file.write_text(nbformat.writes(notebook, indent=1) + "\n", encoding="utf-8")


def shortened(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An output in its small forms."""
    if "data" in output:
        output["data"] = {form: data for form, data in output["data"].items() if form in KEPT}
        output["metadata"] = {}
    return output


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    for name in sys.argv[1:] or ORDER:
        execute(HERE / f"{name}.ipynb")
        print(name)
