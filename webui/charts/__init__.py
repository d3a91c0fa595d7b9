"""Charts as SVG: histograms, sky maps, reports of runs."""
