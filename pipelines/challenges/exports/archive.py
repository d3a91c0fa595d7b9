"""Zip of the tables and figures of a board, for a paper."""

import io
import zipfile

from pipelines.challenges.board import Board
from pipelines.challenges.comparison import Comparison
from pipelines.challenges.exports.charts import figure_chart, figure_names, ranking_chart
from pipelines.challenges.exports.tables import board_csv, board_ecsv, board_latex

__all__ = ["board_zip"]


def board_zip(board: Board, found: Comparison) -> bytes:
    """Return the tables and figures of a board as one zip; each figure is there as SVG and as PDF."""
    content = io.BytesIO()
    charts = {"ranking": ranking_chart(board), **{name: figure_chart(found, name) for name in figure_names(found)}}
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        files: dict[str, str | bytes] = {
            "board.csv": board_csv(board), "board.ecsv": board_ecsv(board), "board.tex": board_latex(board),
        }  # fmt: skip
        for name, chart in charts.items():
            files |= {f"{name}.svg": chart.svg(), f"{name}.pdf": chart.pdf()}
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)  # without the time, so that equal boards are equal files
    return content.getvalue()
