"""Manifests, as the library writes them."""
from __future__ import annotations

import os
from typing import List

from . import _errors
from ._native import ffi, lib

METADATA = {"same": lib.KF_BUNDLE_METADATA_SAME, "common": lib.KF_BUNDLE_METADATA_COMMON,
            "none": lib.KF_BUNDLE_METADATA_NONE}


def write(path: str, paths: List[str], metadata: str, absolute: bool, force: bool) -> None:
    options = ffi.new("kf_bundle_options *", lib.kfpy_bundle_options())
    options.flags = (lib.KF_BUNDLE_ABSOLUTE if absolute else 0) | (lib.KF_BUNDLE_REPLACE_ANY if force else 0)
    options.metadata = METADATA[metadata]
    names = [ffi.new("char[]", os.fsencode(place)) for place in paths]
    array, error = ffi.new("char *[]", names), ffi.new("kf_error *")
    status = lib.kf_bundle_write(os.fsencode(path), array, len(names), options, error)
    if status == 0:
        return
    problem = _errors.make(status, error, path)
    if status == lib.KF_INVALID and "metadata entry" in problem.args[0]:
        problem.args = (f'{problem.args[0]}; metadata="common" keeps what they agree on',)
    raise problem
