"""The type that matrix products are computed in: asked for by name, or the one for this device."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

from pixace.errors import ConfigError, unknown

Dtype = Literal["float32", "bfloat16"]
NAMES = ("auto", "float32", "bfloat16")
# Of x86 processors, as Linux names them: products of matrices and of vectors in bfloat16. What
# others have was not measured, and without any bfloat16 is emulated, at half the speed of float32.
INSTRUCTIONS = ("amx_bf16", "avx512_bf16")
PROCESSOR = Path("/proc/cpuinfo")
AMPERE = 8.0  # compute capability of the first GPUs of NVIDIA's with units for bfloat16


def by_name(name: str) -> Any:
    """`float32` or `bfloat16`, the type that operands of products are rounded to.

    Sums are float32 either way, and so are weights, normalisations and what is added up from layer
    to layer.

    Raises:
      ConfigError: there is no such type.
    """
    import jax.numpy as jnp  # late, as settings want the names alone

    return jnp.dtype(chosen(name))


def chosen(name: str) -> Dtype:
    """The same as a name: `auto` becomes the one that suits this device.

    It is what the device *is* that decides and not how fast it was when asked, so that the same
    machine gives the same answer each time.

    Raises:
      ConfigError: there is no such type.
    """
    if name not in NAMES:
        raise ConfigError(unknown("dtype", name, NAMES))
    return _suited() if name == "auto" else cast(Dtype, name)


@lru_cache(maxsize=1)
def _suited() -> Dtype:
    """bfloat16 where the device has instructions or units for it, else float32."""
    import jax

    device = jax.devices()[0]
    if device.platform == "cpu":
        has = bool(processor_flags(PROCESSOR) & {*INSTRUCTIONS})
    elif device.platform == "gpu":
        has = _capability(device) >= AMPERE
    else:
        has = device.platform == "tpu"
    return "bfloat16" if has else "float32"


def processor_flags(path: Path) -> set[str]:
    """What Linux says that the processor can do; nothing on other systems."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return set(flags.partition(":")[2].split())


def _capability(device: Any) -> float:
    """Of a GPU of NVIDIA's, such as 8.6; 0 for others."""
    try:
        return float(getattr(device, "compute_capability", 0))
    except ValueError:
        return 0.0
