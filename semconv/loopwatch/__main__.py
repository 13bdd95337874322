"""The ``loopwatch`` command: the processor's, where its extra is installed."""

import gc
import signal
import sys

_INTERRUPTED = 130
"""As a shell reports a program that Ctrl-C ended."""
_NEEDS_PROCESSOR = "the loopwatch command needs the processor: pip install 'loopwatch[processor]'"


def main() -> None:
    """Run the command line of the processor; without it say what to install and exit with 2."""
    # Set before the long imports: Ctrl-C ends them, and every command that does not handle it, without a traceback.
    signal.signal(signal.SIGINT, lambda *_: sys.exit(_INTERRUPTED))
    # Nothing that is imported dies; to look for what does is a tenth of a start. `cli.main` looks again afterwards.
    gc.disable()
    try:
        from loopwatch_processor.cli import main as processor_main
    except ModuleNotFoundError as missing:
        if _is_ours(missing.name):
            raise
        sys.stderr.write(_NEEDS_PROCESSOR + "\n")
        raise SystemExit(2) from None
    processor_main()


def _is_ours(module: str | None) -> bool:
    """The wheel holds the processor's code but not what it imports: only a fault in our own code is a fault."""
    return module is None or module.split(".")[0] in ("loopwatch", "loopwatch_processor")


if __name__ == "__main__":
    main()
