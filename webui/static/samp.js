// "Send to" by the web profile of SAMP (SAMP 1.3 §5): tables, footprints, rows and positions, and highlights received.
"use strict";
