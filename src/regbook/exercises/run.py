"""One job: call a reader's function so that nothing it does can harm the notebook."""

import ctypes
import threading

SECONDS = 10
# A function that lives on after its time: it catches everything, or sits in a long call of compiled code.
PATIENCE = 20


class OutOfTime(BaseException):
    """Raised inside a reader's function; no Exception, so that its own `except Exception` lets it through."""


def run_safely(function, arguments, seconds=SECONDS):
    """Call function(*arguments). Returns (result, None), or (None, a sentence about what went wrong).

    It runs in a thread of its own, which is stopped after `seconds`. Stopping works between two lines of Python; a long
    call of compiled code (a matrix product of a minute) goes on in the background, but the check does not wait for it.
    What can't be stopped: a function that ends Python itself (os._exit) or takes all memory.
    """
    outcome = []

    def work():
        try:
            outcome.append((function(*arguments), None))
        except OutOfTime:
            pass
        except BaseException as error:  # SystemExit and KeyboardInterrupt too: they must not end the notebook
            outcome.append((None, _in_words(error, function)))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    for _ in range(PATIENCE):
        if not thread.is_alive():
            break
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(OutOfTime))
        thread.join(0.05)
    if outcome:
        return outcome[0]
    return None, f"It did not come to an end within {seconds} seconds. Does a loop run for ever?"


def _in_words(error, function):
    """The error and the line of the reader's own code that raised it."""
    line, trace = None, error.__traceback__
    code = getattr(function, "__code__", None)
    while trace:
        if trace.tb_frame.f_code is code:
            line = trace.tb_lineno
        trace = trace.tb_next
    place = "" if line is None else f" in line {line} of its cell"
    said = str(error)[:300]
    return f"It stopped with {type(error).__name__}{place}" + (f": {said.strip().rstrip('.')}." if said else ".")
