"""Backup and restore of a server: objects by checksum, and a manifest for each backup."""
