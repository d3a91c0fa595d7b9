"""Charts as SVG files: lines, points with errors, steps, guides and maps of counts, with axes and legend."""
