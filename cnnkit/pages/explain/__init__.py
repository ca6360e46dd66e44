"""The page of `cnnkit explain`: what a network does with a picture, number by number."""
