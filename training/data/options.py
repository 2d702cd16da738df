"""How the text of the examples is varied: the `training.dataset.augmentation` of an expert's manifest."""

import dataclasses
import json

CASES = ("upper", "lower", "preserve")


@dataclasses.dataclass(frozen=True)
class Options:
    """The defaults are those of the demonstration model."""

    schema_injection_prob: float = 1.0
    """How often the schema stands before the question; else the question stands alone."""
    table_aliases: bool = False
    """Whether joins name their tables by an alias (SQL)."""
    comment_stripping: bool = True
    """Whether schemas are free of comments; else some of their lines carry one."""
    case_normalization: str = "upper"
    """The case of keywords in answers: upper, lower, or preserve, which is that of the schema (SQL)."""

    def __post_init__(self):
        if not 0 <= self.schema_injection_prob <= 1:
            raise ValueError(f"schema_injection_prob is {self.schema_injection_prob}, expected a number from 0 to 1")
        if self.case_normalization not in CASES:
            raise ValueError(f"case_normalization is {self.case_normalization!r}, expected one of {', '.join(CASES)}")

    @classmethod
    def of_manifest(cls, path):
        """The options that a manifest states; what it does not state keeps its default.

        >>> Options.of_manifest("experts/sql/manifest.json")  # doctest: +SKIP
        """
        with open(path, encoding="utf-8") as file:
            manifest = json.load(file)
        stated = manifest.get("training", {}).get("dataset", {}).get("augmentation", {})
        known = {f.name: f.type for f in dataclasses.fields(cls)}
        unknown = set(stated) - set(known)
        if unknown:
            raise ValueError(f"{path}: training.dataset.augmentation knows {', '.join(known)}, not {', '.join(sorted(unknown))}")
        if isinstance(stated.get("case_normalization"), bool):
            # Older manifests say whether there is any.
            stated = {**stated, "case_normalization": "upper" if stated["case_normalization"] else "preserve"}
        for name, value in stated.items():
            if known[name] is str:
                good = isinstance(value, str)
                if not good:
                    raise ValueError(f"{path}: {name} is {value!r}, expected {known[name].__name__}")
                continue
            good = isinstance(value, bool) if known[name] is bool else isinstance(value, (int, float)) and not isinstance(value, bool)
            if not good:
                raise ValueError(f"{path}: {name} is {value!r}, expected {known[name].__name__}")
        return cls(**stated)
