"""The command line: ``leptonsim COMMAND``; each command is one module of this folder, found by listing it.

A module defines ``command``, a click.Command named after the file. Only the module of the command that is asked for is
imported.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from typing import Any

import click

from leptonsim.errors import LeptonError

BAD_INPUT, INTERRUPTED = 2, 130


class Commands(click.Group):
    """The modules of this folder as commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every module of the folder that does not begin with an underscore."""
        return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of one module."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"{__name__}.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for one that does not exist."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            from leptonsim.suggest import near

            raise LeptonError(f"no command is called {args[0]!r}: {near(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from leptonsim.version import leptonsim_version

        click.echo(f"leptonsim {leptonsim_version()}")
        ctx.exit()


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="For example: leptonsim run --config lepton-c1 zoo:resnet50",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version."
)
def group() -> None:
    """Simulate AI models on AI accelerators: latency, throughput, energy, and the cause of each."""


def main(args: list[str] | None = None) -> Any:
    """Run the command line: 0 when all is well, 2 for input that cannot be used, 130 when interrupted."""
    try:
        code = group.main(args, prog_name="leptonsim", standalone_mode=False)
        sys.stdout.flush()
    except LeptonError as error:
        _fail(str(error))
    except click.exceptions.Abort:
        _fail("interrupted", INTERRUPTED)
    except KeyboardInterrupt:
        _fail("interrupted", INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(BAD_INPUT)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "leptonsim"
        _fail(f"{error.format_message().removesuffix('.')}; see `{command} --help`")
    except click.ClickException as error:
        _fail(error.format_message())
    except BrokenPipeError:
        # The reader went away (a pipe into `head`): nothing is left to tell anyone. Click gives the same code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.filename or 'output'}: {error.strerror or error}")
    except MemoryError:
        _fail("out of memory; make the model, the batch or the number of requests smaller")
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int = BAD_INPUT) -> None:
    click.echo(f"leptonsim: {message}", err=True)
    sys.exit(code)
