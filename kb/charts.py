"""DataFrames to Plotly figures. No Streamlit."""

from __future__ import annotations

from itertools import cycle

import plotly.graph_objects as go

from kb import frames
from kb.models import SweepResult

EXACT = "exact scan"
HEIGHT = 440
#: Told apart on white and on black, also by readers who confuse red and green.
COLOURS = ("#7f8c8d", "#0f8f94", "#5f7fe0", "#d9772b", "#b05cc4", "#8a7a1f")


def recall_latency(result: SweepResult) -> go.Figure:
    """Recall against client latency: one line per index, its searches as points.

    Settings whose plan was not the intended one are left out; they are in the table.
    """
    data = frames.measurements(m for m in result.measurements if m.valid)
    figure = go.Figure()
    for (name, rows), colour in zip(data.groupby("Index", sort=False), cycle(COLOURS)):
        # In the order of the searches: where latency hardly differs, its order is noise.
        exact = name == EXACT
        figure.add_trace(
            go.Scatter(
                x=rows["p50 (ms)"],
                y=rows["Recall"],
                name=str(name),
                mode="markers" if exact else "lines+markers",
                line={"color": colour},
                marker={"symbol": "diamond" if exact else "circle", "size": 13 if exact else 8},
                customdata=rows[["Setting", "Low", "High", "p95 (ms)"]],
                hovertemplate=(
                    "%{customdata[0]}<br>recall %{y:.3f} [%{customdata[1]:.3f},"
                    " %{customdata[2]:.3f}]<br>p50 %{x:.2f} ms, p95 %{customdata[3]:.2f} ms"
                    "<extra></extra>"
                ),
            )
        )
    target = result.spec.target_recall
    figure.add_hline(
        y=target,
        line={"dash": "dot", "color": COLOURS[0]},
        annotation_text=f"target recall {target:g}",
        annotation_position="bottom left",
    )
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        legend={"orientation": "h", "y": 1.08, "x": 0},
        hovermode="closest",
    )
    figure.update_xaxes(title_text="client p50 per query, milliseconds (log)", type="log")
    figure.update_yaxes(title_text=f"recall@{result.spec.k} against the exact scan")
    return figure
