"""The processes: the web application, the workers, the command line and the migrations. Nothing imports it."""
