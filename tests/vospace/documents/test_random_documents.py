"""Whatever a document of VOSpace is, it is read or refused as a fault; never another error."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import cases, refusal_of
from vospace.documents.requests import read_node
from vospace.documents.transfers import read_transfer

_VOS = 'xmlns:vos="http://www.ivoa.net/xml/VOSpace/v2.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
NODE = f"""<vos:node {_VOS} xsi:type="vos:DataNode" uri="vos://x.org~vospace/home/a/f" busy="false">
<vos:properties><vos:property uri="ivo://ivoa.net/vospace/core#title" readOnly="false">t</vos:property>
<vos:property uri="ivo://ivoa.net/vospace/core#ispublic" xsi:nil="true"/></vos:properties>
<vos:accepts><vos:view uri="ivo://ivoa.net/vospace/core#anyview"/></vos:accepts></vos:node>"""
TRANSFER = f"""<vos:transfer {_VOS} version="2.1"><vos:target>vos://x.org~vospace/home/a/f</vos:target>
<vos:direction>pullFromVoSpace</vos:direction><vos:view uri="ivo://ivoa.net/vospace/core#defaultview"/>
<vos:protocol uri="ivo://ivoa.net/vospace/core#httpget"><vos:endpoint>http://x.org/</vos:endpoint></vos:protocol>
<vos:keepBytes>true</vos:keepBytes></vos:transfer>"""
_PIECES = st.sampled_from((
    *("<", ">", "/>", "</vos:node>", "<vos:node>", "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", "&b;"),
    *("<?xml version='1.1'?>", "<![CDATA[", "]]>", "<!--", "xsi:type", "uri", '"', "vos:", "xmlns", "\ufffe", "", "é"),
    *('xsi:nil="true"', "vos://", "../..", "%00", "&#0;", "<vos:target/>", "<vos:nodes/>", "pushToVoSpace", "&lt;"),
))  # fmt: skip


@pytest.mark.parametrize(("read", "document"), [(read_node, NODE), (read_transfer, TRANSFER)], ids=["node", "transfer"])
def test_a_document_is_read_or_refused(read: Callable[[bytes], object], document: str):
    read(document.encode())
    places = st.integers(0, len(document))
    changes = st.lists(st.tuples(places, st.integers(0, 40), _PIECES | st.text(max_size=3)), max_size=4)

    @given(changes, st.sampled_from(("utf-8", "utf-16", "latin-1")))
    @cases(250)
    def check(drawn: list[tuple[int, int, str]], encoding: str) -> None:
        changed = document
        for at, length, piece in drawn:
            changed = f"{changed[:at]}{piece}{changed[at + length :]}"
        refused = refusal_of(lambda: read(changed.encode(encoding, "replace")))
        assert refused is None or 400 <= refused.status < 500

    check()
