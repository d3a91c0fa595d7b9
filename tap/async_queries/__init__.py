"""Asynchronous queries: the job function, stored results, and the engine kept between jobs."""
