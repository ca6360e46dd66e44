"""Every sentence of a page, one file a language: en.toml, ko.toml. `read(language)` gives them.

texts = read("ko")
texts("explain.title", name="seven.png")       a sentence, with what is filled into its {places}
texts.below("explain.script")                  sentences by name, for the script of a page

A key is the path of the tables in the file. Both files have the same keys and the same places; a test looks.
Sentences are plain text: a template escapes them with what was filled in.
"""

from cnnkit.pages.texts.read import LANGUAGES, Texts, read

__all__ = ["LANGUAGES", "Texts", "read"]
