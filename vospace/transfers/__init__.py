"""Transfers: negotiation, signed URLs, uploads, remote transfers, move and copy."""
