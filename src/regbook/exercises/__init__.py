"""The exercises of a chapter, as its notebook uses them: check, hint, progress.

`from regbook.exercises.penalty import exercises` gives a chapter's `Exercises`. The checks compare with right and wrong
solutions that stand in the same files; anyone who reads them there has read a solution.
"""

from importlib import import_module

from regbook.exercises.exercise import NOT_YET, Break, Exercise, Function, Value
from regbook.numerics import seeds_as_written

__all__ = ["Break", "Exercise", "Exercises", "Function", "Value", "of_chapter"]


def of_chapter(chapter):
    """The `Exercises` of a chapter, by the name of its file, such as 'l2-keras'."""
    return import_module(f"regbook.exercises.{chapter.replace('-', '_')}").exercises


class Exercises:
    """The exercises of one chapter, and what was done of them in this notebook.

    chapter: the name of its file. exercises: in the order of the page.
    """

    def __init__(self, chapter, *exercises):
        self.chapter = chapter
        self.by_name = {exercise.name: exercise for exercise in exercises}
        self.by_label = {f"{chapter}-{name.replace(' ', '-')}": e for name, e in self.by_name.items()}  # on the page
        self._tries = dict.fromkeys(self.by_name, 0)
        self._hints = dict.fromkeys(self.by_name, 0)
        self._done = set()

    def check(self, name, answer):
        """Say whether `answer` solves the exercise `name`; if not, what mistake it looks like, and where to read."""
        exercise = self._find(name)
        with seeds_as_written():
            mistake = exercise.mistake(answer)
        if mistake is None:
            self._done.add(name)
            print(f"✓ {name}: right" + f"\n  {exercise.shown}" * bool(exercise.shown))
        elif mistake in NOT_YET:
            print(f"○ {name}: {exercise.title} ({exercise.head})\n  {mistake}")
        else:
            self._tries[name] += 1
            print(f"✗ {name}: {mistake}\n  Read again: “{exercise.section}”. For a hint: exercises.hint({name!r})")

    def hint(self, name):
        """Print the next hint for the exercise `name`; after the last one, the last again."""
        hints = self._find(name).hints
        number = min(self._hints[name] + 1, len(hints))
        self._hints[name] = number
        print(f"Hint {number} of {len(hints)}: {hints[number - 1]}")

    def progress(self):
        """Print what is done in this notebook as a table."""
        width = max(len("exercise"), *map(len, self.by_name))
        print(f"{'exercise':{width + 2}}{'kind':11}{'minutes':8}{'tries':7}{'hints':7}done")
        for name, exercise in self.by_name.items():
            done = "✓" if name in self._done else ""
            tries = self._tries[name] + (name in self._done)
            row = f"{name:{width + 2}}{exercise.kind:11}{exercise.minutes:<8}{tries:<7}{self._hints[name]:<7}{done}"
            print(row.rstrip())
        print(f"{len(self._done)} of {len(self.by_name)} done")

    def _find(self, name):
        if not isinstance(name, str) or name not in self.by_name:
            raise ValueError(f"there is no exercise {name!r} in this chapter; there are {', '.join(self.by_name)}")
        return self.by_name[name]
