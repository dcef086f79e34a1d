"""Section `data`: which images, which of them are held out, and what takes their place where they are missing."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from recognition.configuration.section import ContradictionError, Section
from recognition.configuration.values import (
    BatchSize,
    Color,
    Column,
    Digest,
    FilePath,
    ImageSize,
    Share,
    Url,
    shortened,
)


class FallbackTrain(Section):
    """The few recipe values that differ for the fallback data set; null keeps the recipe's own."""

    epochs: int | None = Field(None, ge=1, le=10_000, description="instead of train.epochs")
    batch_size: BatchSize | None = Field(None, description="instead of train.batch_size")
    learning_rate: float | None = Field(None, gt=0, description="instead of train.learning_rate")


class Fallback(Section):
    """What to use where the data set can neither be found nor downloaded."""

    source: Literal["digits"] = Field(description="the data set that takes the place of data.source")
    train: FallbackTrain = FallbackTrain()


OWN_SOURCES = ("folder", "csv", "parquet")
OWN_KEYS = (
    "test",
    "image_size",
    "resize",
    "channels",
    "background",
    "max_unreadable",
    "max_decoded",
    "group",
)
TABLE_KEYS = ("image_column", "label_column")
NOT_FOR = {
    "cifar100": (*OWN_KEYS, *TABLE_KEYS),
    "digits": ("path", "url", "digest", "fallback", *OWN_KEYS, *TABLE_KEYS),
    "folder": ("url", "digest", "fallback", *TABLE_KEYS),
    "csv": ("url", "digest", "fallback"),
    "parquet": ("url", "digest", "fallback"),
}


class DataConfig(Section):
    """Which images, and which of them are held out."""

    source: Literal["cifar100", "digits", "folder", "csv", "parquet"] = Field(
        "cifar100", description="a published data set, or how your own images lie on disk"
    )
    path: FilePath | None = Field(
        None,
        description="cifar100: archive or unpacked folder, else RECOGNITION_DATA, else the cache; "
        "folder, csv, parquet: the images; all of them here or at s3:// and the like",
    )
    url: Url | None = Field(None, description="mirror of the official archive")
    digest: Digest | None = Field(None, description="what the archive is checked against")
    test: Share = Field(0.2, description="share of your own images to test on, where they bring no test part")
    validation: Share = Field(0.1, description="share of train held out, where there is no validation part")
    gate: float = Field(
        0.0, ge=0, lt=1, description="share of what is left of train held out to judge candidates with; 0: none is"
    )
    folds: int | None = Field(
        None,
        ge=2,
        le=100,
        description="train and validate on as many parts in turn; the first one's model is the result",
    )
    train_limit: int | None = Field(None, ge=2, description="train on at most this many images")
    seed: int = Field(0, ge=0, lt=2**32, description="decides which images are held out")
    duplicates: Literal["error", "drop", "keep"] | None = Field(
        None, description="the same image on two sides; null: keep for published data sets, error for your own"
    )
    image_size: ImageSize = Field((64, 64), description="your own images become this large")
    resize: Literal["crop", "pad", "stretch"] = Field(
        "crop", description="how: centre cropped, padded with the background, or out of proportion"
    )
    channels: Literal[1, 3] = Field(3, description="3: red, green, blue; 1: grey")
    background: Color = Field("#ffffff", description="behind transparent pixels, and around padded images")
    max_unreadable: float = Field(0.01, ge=0, lt=1, description="share of unreadable files above which a run ends")
    max_decoded: int = Field(
        2_000_000_000, ge=0, description="bytes of decoded images; above it they are decoded while training"
    )
    group: str | None = Field(None, description="pattern on an image's path; images of one group stay on one side")
    image_column: Column | None = Field(None, description="csv, parquet: where the image or its path stands")
    label_column: Column | None = Field(None, description="csv, parquet: where the label stands")
    fallback: Fallback | None = None

    @field_validator("group")
    @classmethod
    def _group_compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"{shortened(value)} is not a regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _keys_are_of_the_source(self) -> Self:
        defaults = type(self).model_fields
        for key in NOT_FOR[self.source]:
            if getattr(self, key) != defaults[key].default:
                why = ", which comes with scikit-learn" if self.source == "digits" else ""
                message = f"data.{key} contradicts data.source: {self.source}{why}; remove one"
                raise ContradictionError(message, key, "source")
        if self.folds is not None and self.group is not None:
            message = f"data.folds: {self.folds} contradicts data.group, as folds would part groups; remove one"
            raise ContradictionError(message, "folds", "group")
        if self.source in OWN_SOURCES and self.path is None:
            raise ContradictionError(
                f"data.source: {self.source} needs data.path; say where the images are, such as --set data.path=photos",
                "source",
                "path",
            )
        return self
