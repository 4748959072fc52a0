"""The version of this package, and of the rules and the knowledge that come with it."""

VERSION = "0.1.0"
