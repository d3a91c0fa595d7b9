"""Descriptions of the operations of files, columns, inspections, uploads and downloads."""

from collections.abc import Mapping

from webui.api.bodies import NodeBody
from webui.api.models.base import Listed
from webui.api.models.files import (
    Archive,
    Column,
    ColumnMeaning,
    DescribedColumns,
    Inspection,
    PartialUpload,
    ProductFile,
    TableOptions,
    TableRows,
)
from webui.api.models.products import Product
from webui.api.openapi.descriptions import BYTES, OperationDoc
from webui.api.openapi.examples import (
    ARCHIVE,
    COLUMN,
    FILE,
    INSPECTION,
    MEANING,
    PRODUCT,
    READ_DATA,
    TABLE_OPTIONS,
    UPLOAD,
    listed,
)  # fmt: skip

__all__ = ["FILE_OPERATIONS"]

_P = "/api/products/{product_id}"
_FULL = {"507": "The quota of the owner, or the disk of the server, has too little space."}
_RANGES = {"206": "The requested range.", "304": "The file has not changed (If-None-Match)."}
_RANGE_ERRORS = {"416": "The range begins after the end of the file."}
_UNREADABLE = {"422": "The main file cannot be read."}
_ZIP = ("application/zip",)
_READY = "For clients of today's server: the status is always ready. Others download {} directly."
_INSPECT = "Waits at most 15 minutes for the end of the inspection."

#: Operations by method and path.
FILE_OPERATIONS: Mapping[tuple[str, str], OperationDoc] = {
    ("get", "/api/product-files"): OperationDoc(
        "With product or product_id: the files of one product; without: those of all products that are yours to read.",
        listed(FILE),
        Listed[ProductFile],
    ),
    ("get", "/api/product-files/{file_id}"): OperationDoc("Its size, checksums and address.", FILE, ProductFile),
    ("post", "/api/product-files"): OperationDoc(
        "Send product and role before the file. A new main file takes the place of the old one.",
        FILE,
        ProductFile,
        body={
            "product": "Number of the product; before the file.",
            "role": "0 main, 1 description, 2 auxiliary; before the file.",
            "file": "The file.",
        },
        required=("product", "file"),
        form=True,
        errors=_FULL,
    ),
    ("delete", "/api/product-files/{file_id}"): OperationDoc("Owners remove files."),
    ("put", f"{_P}/files/{{name}}"): OperationDoc(
        "The body is the file; role is main, description or auxiliary.", FILE, ProductFile, raw=(BYTES,), errors=_FULL
    ),
    ("post", f"{_P}/files"): OperationDoc(
        "The file is copied; later changes of the node do not change the product.",
        FILE,
        ProductFile,
        body=NodeBody,
        sent={"uri": "vos://photoz.example.org~vospace/home/maria/vvds.csv", "role": "main"},
        errors=_FULL,
    ),
    ("post", f"{_P}/inspect"): OperationDoc(
        "The inspection is a job; inspection returns its progress and its results.", INSPECTION, Inspection
    ),
    ("get", f"{_P}/inspection"): OperationDoc(
        "wait: seconds to wait for the end, at most 60.", INSPECTION, Inspection
    ),
    ("get", f"{_P}/inspection/events"): OperationDoc(
        "An event for each change of phase, progress or message, until the job has ended.",
        'event: job\ndata: {"phase": "EXECUTING", "progress": 0.4, "message": null, "error": null}\n\n',
        media=("text/event-stream",),
    ),
    ("get", f"{_P}/table-options"): OperationDoc(
        "The chosen table of the file, missing values, and the columns of positions.", TABLE_OPTIONS, TableOptions
    ),
    ("put", f"{_P}/table-options"): OperationDoc(
        "Members that are left out return to what the file declares.",
        INSPECTION,
        Inspection,
        body={
            "table": "Name of the table in a file that holds several.",
            "missing_values": "Values that mean no value, by column.",
            "position": "The columns from which right ascension and declination are derived, or 'as given'.",
        },
    ),
    ("get", f"{_P}/registry"): OperationDoc(
        f"As POST, for clients of today's server. {_INSPECT}", PRODUCT, Product, errors=_UNREADABLE
    ),
    ("post", f"{_P}/registry"): OperationDoc(_INSPECT, PRODUCT, Product, errors=_UNREADABLE),
    ("get", f"{_P}/read_data"): OperationDoc("At most ten rows.", READ_DATA, TableRows),
    ("post", f"{_P}/uploads"): OperationDoc(
        "If you have begun to send the same file, that upload is returned, with the bytes that have arrived.",
        UPLOAD,
        PartialUpload,
        body={
            "name": "Name of the file.",
            "role": "main, auxiliary or description.",
            "size": "Bytes of the file.",
            "fingerprint": "Text by which you recognise the same file again, such as the time of its last change.",
            "first": "Its first 65536 bytes in base64, checked at once; may be left out.",
            "last": "Its last 65536 bytes in base64; may be left out.",
        },
        required=("name", "size"),
        sent={"name": "objects.parquet", "role": "main", "size": 2_400_000_000, "fingerprint": "1798700000"},
        errors=_FULL,
    ),
    ("get", f"{_P}/uploads"): OperationDoc("They can be continued.", listed(UPLOAD), Listed[PartialUpload]),
    ("get", f"{_P}/uploads/{{upload_id}}"): OperationDoc(
        "Continue at the byte received.", UPLOAD, PartialUpload
    ),
    ("delete", f"{_P}/uploads/{{upload_id}}"): OperationDoc("The bytes that have arrived are removed."),
    ("patch", f"{_P}/uploads/{{upload_id}}"): OperationDoc(
        "offset is the number of bytes that have arrived. After the last part, file is the file of the product.",
        {**UPLOAD, "received": UPLOAD["size"], "next_part": 0, "file": FILE},
        PartialUpload,
        raw=(BYTES,),
        errors=_FULL,
    ),
    ("get", "/api/product-contents"): OperationDoc(
        "Give product, or the id of one column.", listed(COLUMN), Listed[Column]
    ),
    ("get", "/api/product-contents/{column_id}"): OperationDoc("Its meaning, unit and datatype.", COLUMN, Column),
    ("patch", "/api/product-contents/{column_id}"): OperationDoc(
        "Omitted fields keep their values.",
        COLUMN,
        Column,
        body={
            "alias": "Its meaning or a custom name; empty for none.",
            "unit": "Unit of the column, such as deg; empty for none.",
            "ucd": "UCD1+ of the column; empty for none.",
            "description": "Description of the column; empty for none.",
        },
        sent={"ucd": "pos.eq.ra;meta.main", "alias": "RA"},
    ),
    ("put", f"{_P}/columns"): OperationDoc(
        "Columns that the body does not name lose their meanings.",
        listed(COLUMN),
        Listed[Column],
        body={"(name of a column)": "Key of a meaning (/api/meanings), or a custom name."},
        sent={"ALPHA": "ra", "DELTA": "dec", "Z": "z"},
    ),
    ("patch", f"{_P}/columns"): OperationDoc(
        "A body of another media type is a table of descriptions: CSV with the header name,unit,ucd,description, "
        "a VOTable, or a CDS ReadMe. All columns are changed or none; an error names the wrong lines.",
        {"count": 1, "unknown": [], "results": [COLUMN]},
        DescribedColumns,
        body={"(name of a column, or a pattern with *)": "Its unit, ucd and description, as far as given."},
        sent={"*_mag": {"unit": "mag"}, "Z": {"ucd": "src.redshift", "description": "Redshift, heliocentric."}},
    ),
    ("get", "/api/meanings"): OperationDoc(
        "Their keys are used in the columns of products and in configurations of pipelines.",
        listed(MEANING),
        Listed[ColumnMeaning],
    ),
    ("get", f"{_P}/files/{{name}}"): OperationDoc(
        "As it was uploaded.", media=(BYTES,), also=_RANGES, errors=_RANGE_ERRORS
    ),
    ("get", f"{_P}/main_file"): OperationDoc("As it was uploaded.", media=(BYTES,), also=_RANGES, errors=_RANGE_ERRORS),
    ("get", f"{_P}/zip"): OperationDoc(
        "In a folder with the internal name of the product.",
        media=_ZIP,
        also=_RANGES,
        errors=_RANGE_ERRORS,
    ),
    **{
        (method, f"{_P}/{part}/{step}"): OperationDoc(_READY.format(place), ARCHIVE, Archive)
        for part, place in (("download", "zip"), ("download/main-file", "main_file"))
        for method, step in (("post", "prepare"), ("get", "status"))
    },
    **{
        ("get", f"{_P}/{part}/file"): OperationDoc(
            "For clients of today's server: the address is valid for 15 minutes, for its user.",
            media=media,
            also=_RANGES,
            errors={**_RANGE_ERRORS, "409": "The product has changed since the download began."},
        )
        for part, media in (("download", _ZIP), ("download/main-file", (BYTES,)))
    },
    **{
        ("get", f"{_P}/{part}"): OperationDoc(
            f"For clients up to version 0.3.1; others use {place}.", media=media, also=_RANGES, errors=_RANGE_ERRORS
        )
        for part, media, place in (("download", _ZIP, "zip"), ("download_main_file", (BYTES,), "main_file"))
    },
}  # fmt: skip
