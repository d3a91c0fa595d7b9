"""Reader of HDF5 tables: AstroPy, pandas, PyTables and qp layouts."""
