"""Charts as SVG or PDF files: lines, points with errors, steps, guides and maps of counts, with axes and legend."""
