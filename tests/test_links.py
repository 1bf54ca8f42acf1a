"""Does `make links` tell apart what is gone and what only refuses robots?"""

from links import report


def answer(status, info="", uri="https://example.org"):
    return {"filename": "chapters/welcome.md", "lineno": 1, "status": status, "code": 0, "uri": uri, "info": info}


def test_only_lost_links_count():
    here = [answer("working"), answer("redirected", "https://example.org/new"), answer("unchecked", uri="#term-seed")]
    assert report(here) == ("2 links: 2 answer, 0 refuse robots, 0 broken.", 0)
    refused = answer("broken", "403 Client Error: Forbidden for url: https://example.org")
    said, broken = report([*here, refused])
    assert broken == 0 and "open it by hand" in said and said.endswith("3 links: 2 answer, 1 refuse robots, 0 broken.")
    lost = [answer("broken", "404 Client Error: Not Found for url: x"), answer("timeout"), answer("broken", "no host")]
    said, broken = report([*here, *lost])
    assert broken == 3 and all(word in said for word in ("404 Client", "timeout", "no host", "chapters/welcome.md:"))
