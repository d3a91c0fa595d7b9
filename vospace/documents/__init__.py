"""XML documents of VOSpace 2.1: nodes, requests, transfers, capabilities."""
