"""The addresses of the search."""

from portal.core.registry import PUBLIC, Place, Route
from portal.search import views

# Never kept in the page cache: everybody looks for something else, and the answer costs less than a place.
ROUTES = (
    Route("/search", "results", views.results, PUBLIC, place=Place.PORTAL),
    Route("/search", "town_results", views.town_results, PUBLIC),
    Route("/search/suggest.json", "suggest", views.suggest, PUBLIC, place=Place.PORTAL),
    Route("/search/suggest.json", "town_suggest", views.town_suggest, PUBLIC),
)
