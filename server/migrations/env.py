"""Alembic's environment: migrations run on the connection that ``server.migrations.upgrade`` gives."""

from alembic import context

import core.auth.audit
import core.auth.schema
import core.files.partial.schema
import core.site_texts
import pipelines.challenges.schema
import pipelines.schema
import products.files.download_counts
import products.provenance.schema
import products.schema
import products.sharing.schema
import registry.schema
import tap.metadata.survey_catalogues.schema
import tap.queues.schema
import uws.schema
import vospace.schema
from core.database import Base

__all__: list[str] = []

# Importing the schemas is what fills the metadata; the names keep the imports in use.
_SCHEMAS = (
    core.auth.audit,
    core.auth.schema,
    core.files.partial.schema,
    core.site_texts,
    pipelines.challenges.schema,
    pipelines.schema,
    products.files.download_counts,
    products.provenance.schema,
    products.schema,
    registry.schema,
    tap.metadata.survey_catalogues.schema,
    tap.queues.schema,
    uws.schema,
    vospace.schema,
)

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
