"""VOSpace over HTTP."""
