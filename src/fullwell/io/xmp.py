"""XMP of results: what describes the picture is kept from the reference frame, and its source files are listed.

What describes a stored file or one frame's development is left behind: exposure, orientation, raw converter settings,
gain maps, history. Source: XMP Specification, parts 1 and 2 (ISO 16684-1).
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from fullwell.image import Metadata

MOST_BYTES = 1_000_000  # of a packet that is looked at
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
SPACES = {
    "x": "adobe:ns:meta/",
    "rdf": RDF,
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "stRef": "http://ns.adobe.com/xap/1.0/sType/ResourceRef#",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "fullwell": "fullwell:",
    "hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/",
    "Container": "http://ns.google.com/photos/1.0/container/",
    "Item": "http://ns.google.com/photos/1.0/container/item/",
}
DESCRIPTIVE = {SPACES[s] for s in ("dc", "xmpRights", "photoshop", "lr", "aux", "plus", "Iptc4xmpCore", "Iptc4xmpExt")}
OF_XMP = {"Rating", "Label"}
STORED = {"format", "ICCProfile", "ColorMode", "SidecarForExtension", "DocumentAncestors", "History"}

for prefix, uri in SPACES.items():
    ET.register_namespace(prefix, uri)


def of_result(meta: Metadata, *more: str, recipe: str = "") -> bytes:
    """A packet for a result: descriptions kept, sources as ingredients, and `more` descriptions in XML.

    The recipe is for files that have no other place for one.
    """
    root = ET.Element(_name("x", "xmpmeta"))
    rdf = ET.SubElement(root, _name("rdf", "RDF"))
    for text in more:
        rdf.append(ET.fromstring(text))
    kept = _descriptive(meta.xmp)
    if len(kept) or len(kept.attrib) > 1:
        rdf.append(kept)
    if recipe:
        about = {_name("rdf", "about"): "", _name("fullwell", "recipe"): recipe}
        rdf.append(ET.Element(_name("rdf", "Description"), about))
    if meta.sources:
        made = ET.SubElement(rdf, _name("rdf", "Description"), {_name("rdf", "about"): ""})
        bag = ET.SubElement(ET.SubElement(made, _name("xmpMM", "Ingredients")), _name("rdf", "Bag"))
        for source in meta.sources:
            item = ET.SubElement(bag, _name("rdf", "li"), {_name("rdf", "parseType"): "Resource"})
            ET.SubElement(item, _name("stRef", "filePath")).text = _printable(Path(source).name)
    return ET.tostring(root) if len(rdf) else b""


def packet(*descriptions: str) -> bytes:
    """A packet of these descriptions in XML alone."""
    return of_result(Metadata(), *descriptions)


def recipe_in(made: bytes | None) -> str:
    """The recipe of such a packet; empty where there is none."""
    try:
        found = ET.fromstring(made or b"").iter(_name("rdf", "Description"))
        return next((r for d in found if (r := d.get(_name("fullwell", "recipe")))), "")
    except (ET.ParseError, ValueError, LookupError):
        return ""


def description(inside: str, **attributes: str) -> str:
    """A description in XML: what is inside, and attributes by the prefix of their namespace, which is declared."""
    spaces = "".join(f' xmlns:{prefix}="{SPACES[prefix]}"' for prefix in ("rdf", *attributes))
    return f'<rdf:Description{spaces} rdf:about="" {" ".join(attributes.values())}>{inside}</rdf:Description>'


def _name(prefix: str, local: str) -> str:
    return f"{{{SPACES[prefix]}}}{local}"


def _printable(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _descriptive(packet: bytes | None) -> ET.Element:
    """One description with the properties that still hold; empty for a packet that is damaged or absurd."""
    kept = ET.Element(_name("rdf", "Description"), {_name("rdf", "about"): ""})
    if not packet or len(packet) > MOST_BYTES or b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        return kept
    try:
        found = ET.fromstring(packet.strip(b"\0 \r\n\t"))
    except (ET.ParseError, ValueError, LookupError):
        return kept
    for described in found.iter(_name("rdf", "Description")):
        for name, text in described.attrib.items():
            if _holds(name):
                kept.set(name, text)
        kept.extend(child for child in described if _holds(child.tag))
    return kept


def _holds(name: str) -> bool:
    space, _, local = name.removeprefix("{").partition("}")
    return (space in DESCRIPTIVE and local not in STORED) or (space == SPACES["xmp"] and local in OF_XMP)
