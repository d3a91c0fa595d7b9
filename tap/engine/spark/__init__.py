"""Queries on a cluster, by Spark Connect: a cluster of Apache Spark, or Sail."""
