"""The URL table of pages, news and alerts. Source: product plan, section 8."""

from portal.articles import views
from portal.articles.desk import alerts, editor, lists, moves, translations, versions
from portal.core.registry import PUBLIC, Route

GET_POST = ("GET", "POST")
ONE = "/desk/pages/<int:article_id>"
IN = "<slug:language>"

ROUTES = (
    Route("/pages", "index", views.index, PUBLIC, cache=()),
    Route("/pages/<slug:slug>", "page", views.one_page, PUBLIC, cache=("original",)),
    Route("/news", "news", views.news, PUBLIC, cache=("at", "year")),
    Route("/news.atom", "news_atom", views.news_atom, PUBLIC, cache=()),
    Route("/news/<slug:slug>", "news_item", views.one_news, PUBLIC, cache=("original",)),
    Route("/pages/files/<int:article_id>/<int:file_id>", "file", views.file, PUBLIC),
    Route("/pages/documents/<int:article_id>/<slug:item>", "document", views.document, PUBLIC),
    Route("/pages/places/<int:version_id>/<slug:block>.js", "places_script", views.places_script, PUBLIC),
    Route("/pages/places/<int:version_id>/<slug:block>.json", "places_points", views.places_points, PUBLIC),
    Route("/desk/pages", "desk", lists.desk, "page.look"),
    Route("/desk/pages/new", "new", lists.new, "page.edit", GET_POST),
    Route(ONE, "one", lists.one, "page.look"),
    Route(f"{ONE}/arrange", "arrange", lists.arrange, "page.edit", ("POST",)),
    Route(f"{ONE}/settings", "settings", lists.settings, "page.edit", GET_POST),
    Route(f"{ONE}/drop", "drop", lists.drop, "page.edit", GET_POST),
    Route(f"{ONE}/edit", "edit", editor.edit, "page.edit", GET_POST),
    Route(f"{ONE}/preview/{IN}", "preview", editor.preview, "page.look"),
    Route(f"{ONE}/versions/{IN}", "versions", versions.versions, "page.look"),
    Route(f"{ONE}/compare/{IN}", "compare", versions.compare, "page.look"),
    Route(f"{ONE}/restore/{IN}/<int:version>", "restore", versions.restore, "page.look", GET_POST),
    Route(f"{ONE}/move/<slug:verb>", "move", moves.move, "page.edit", GET_POST),
    Route(f"{ONE}/translate/{IN}", "translate", translations.translate, "page.translate", GET_POST),
    Route("/desk/translations", "translations", translations.listing, "page.translate"),
    Route("/desk/alerts", "alerts", alerts.listing, "alert.manage"),
    Route("/desk/alerts/new", "new_alert", alerts.new, "alert.manage", GET_POST),
    Route("/desk/alerts/<int:alert_id>", "alert", alerts.edit, "alert.manage", GET_POST),
    Route("/desk/alerts/<int:alert_id>/end", "end_alert", alerts.end, "alert.manage", GET_POST),
)
