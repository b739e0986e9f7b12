"""A browser without a screen: for tests only.

In: a base URL, a name and a password, then paths on standard input, one a line. Out: for each path a line of JSON with its status and
its text. The certificate is the test's own and is not looked at.
"""

import http.cookiejar
import json
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request


def main():
    base, name, password = sys.argv[1:]
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    browser = urllib.request.build_opener(cookies, urllib.request.HTTPSHandler(context=context))
    browser.addheaders = [("Sec-Fetch-Site", "same-origin"), ("Accept-Language", "en")]
    form = urllib.parse.urlencode({"name": name, "password": password}).encode()
    browser.open(f"{base}/login", form, timeout=60).read()
    for path in sys.stdin:
        try:
            reply = browser.open(base + path.strip(), timeout=60)
            status = reply.status
        except urllib.error.HTTPError as error:
            reply, status = error, error.code
        print(json.dumps({"status": status, "text": reply.read().decode("utf-8", "replace")}), flush=True)


main()
