"""Data sets on Kaggle: log in with the user's credentials and download an archive."""

import os
import re
from contextlib import suppress
from pathlib import Path

from fetching.downloads import bring, plain_network_errors
from files.whole import read_json
from utils import UserError, shown

NEW_TOKEN = 'in your Kaggle account settings, API, "Generate New Token" and put it into ~/.kaggle/access_token'


def from_kaggle(dataset):
    """Log in to Kaggle, and return a function that downloads the archive of a data set into a folder."""
    with plain_kaggle_errors(dataset):
        client = log_in()

    def get(work):
        with plain_kaggle_errors(dataset):
            return download(client, dataset, work)

    return get


def log_in():
    """A Kaggle client with the user's credentials, from all the places where Kaggle's own tool looks for them."""
    # kagglesdk instead of kaggle, which logs in and prints when imported, and ignores KAGGLE_API_ENVIRONMENT.
    from kagglesdk import KaggleClient, KaggleCredentials, get_access_token_from_env

    try:
        token, _ = get_access_token_from_env()
    except (OSError, UnicodeError):  # do not show the error's text: it may hold the token
        raise UserError(f"cannot read your Kaggle token; {NEW_TOKEN}") from None
    name, key = old_credentials()
    if not (token or key):
        try:
            session = KaggleCredentials.load(KaggleClient())
        except (OSError, ValueError, LookupError, TypeError, AttributeError):  # the saved login is damaged
            raise UserError(
                f"cannot read ~/.kaggle/credentials.json; delete it, and make a token {NEW_TOKEN}"
            ) from None
        token = session.get_access_token() if session else None
    if not (token or key):
        raise UserError(
            f"no Kaggle credentials found; {NEW_TOKEN} or the environment variable KAGGLE_API_TOKEN "
            "(the older ~/.kaggle/kaggle.json works too)"
        )
    if not re.fullmatch("[!-~]+", token or f"{name}{key}"):  # the HTTP library would refuse it and print it
        raise UserError(f"your Kaggle token holds blanks or other stray characters; {NEW_TOKEN}")
    return KaggleClient(username=name, password=key, api_token=token)


def old_credentials():
    """The user name and key from the environment or from kaggle.json, or None twice."""
    name, key = os.environ.get("KAGGLE_USERNAME"), os.environ.get("KAGGLE_KEY")
    if name and key:
        return name, key
    for folder in (os.environ.get("KAGGLE_CONFIG_DIR"), "~/.kaggle", "~/.config/kaggle"):
        with suppress(OSError, ValueError, TypeError, KeyError):
            saved = read_json(Path(folder, "kaggle.json").expanduser())
            return saved["username"], saved["key"]
    return None, None


def plain_kaggle_errors(dataset):
    """Turn errors in talking to Kaggle into one line."""
    option = f"--dataset={shown(dataset)}"
    reasons = {
        401: f"Kaggle does not accept your credentials (401); {NEW_TOKEN}",
        403: f"{option} is closed to you or does not exist (403); open its page on Kaggle, log in and accept its terms",
        404: f"{option} is not on Kaggle (404); copy the <owner>/<name> from the data set's page",
    }
    return plain_network_errors(option, "Kaggle", reasons)


def download(client, dataset, work):
    """Download the archive of a data set into the folder `work`. Returns it in a list."""
    from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

    request = ApiDownloadDatasetRequest()
    request.owner_slug, request.dataset_slug = dataset.split("/")
    with client, client.datasets.dataset_api_client.download_dataset(request) as answer:
        pass  # `stream` repeats the request for the content
    return bring({"archive.zip": answer}, work, dataset)
