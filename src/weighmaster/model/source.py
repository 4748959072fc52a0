"""What source runs when it is imported, and what that comes to where the source stands."""

from __future__ import annotations

from weighmaster.model.fact import Fact, Shared, Use


class Imports(Shared):
    """Source imports modules as soon as it runs: `names`, with dots, relative ones beginning with them.

    `main` are those that it imports only when it is run as a program. What the library of the interpreter brings is
    left out; a name that is taken from a module of the same package stands for a module, too, as it may be one.
    `later` are modules of other packages that it imports no earlier than a function of it is called.
    """

    names: tuple[str, ...]
    main: tuple[str, ...] = ()
    later: tuple[str, ...] = ()


class Functions(Shared):
    """What the functions of a source lead to where another source calls them.

    `asks` are lines with three parts and a tab between: the name of a function of this source (`f`, `C.m`, `C` for what
    makes an object, nothing for what is imported), what it calls in other sources, and the text that it gives.
    `named` are lines with two: a name of this source, and what it stands for elsewhere, or here (after `=`);
    `*` stands for all names.
    `does` are uses that are made when functions are called, each with the names of those in the same place of `by`.
    """

    asks: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    does: tuple[Use, ...] = ()
    by: tuple[tuple[str, ...], ...] = ()


class Deed(Fact):
    """A use of something by source, judged where the source stands. Made of a `Repository`, never read.

    `level` and `does` are as in `knowledge.source.conduct`. `package` is the name of the package that the source
    belongs to, if any; `reach` is what runs it without being asked: `start`, `install`, `import`, or nothing. `chain`
    are the files that lead to it, and `by` what begins with the first of them; `facts` show that.
    """

    use: Use
    level: str
    does: str
    package: str = ""
    reach: str = ""
    by: str = ""
    chain: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
