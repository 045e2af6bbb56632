"""The addresses of the portal's own pages. Source: product plan, section 8."""

from portal.core.registry import PUBLIC, Place, Route
from portal.pages import api, views
from portal.pages.desk import front, settings

BOTH = ("GET", "POST")

ROUTES = (
    Route("/", "root", views.root, PUBLIC, place=Place.BARE),
    Route("/", "home", views.home, PUBLIC, place=Place.PORTAL, cache=()),
    Route(
        "/municipalities", "municipalities", views.municipalities, PUBLIC, place=Place.PORTAL, cache=("to",)
    ),
    Route(
        "/municipalities/map.js", "municipalities_map", views.municipalities_map, PUBLIC, place=Place.PORTAL
    ),
    Route(
        "/municipalities/points.json",
        "municipalities_points",
        views.municipalities_points,
        PUBLIC,
        place=Place.PORTAL,
    ),
    Route("/about", "about", views.about, PUBLIC, place=Place.PORTAL, cache=()),
    Route("/help", "help", views.help_, PUBLIC, place=Place.PORTAL, cache=()),
    Route("/accessibility", "accessibility", views.accessibility, PUBLIC, place=Place.PORTAL, cache=()),
    Route("/privacy", "privacy", views.privacy, PUBLIC, place=Place.PORTAL, cache=()),
    Route("/contact", "contact", views.contact, PUBLIC, place=Place.PORTAL, cache=()),
    Route("/open-data", "open_data", views.open_data, PUBLIC, place=Place.PORTAL, cache=()),
    Route("/", "town", views.town, PUBLIC, cache=()),
    Route("/accessibility", "town_accessibility", views.town_accessibility, PUBLIC, cache=()),
    Route("/privacy", "town_privacy", views.town_privacy, PUBLIC, cache=()),
    Route("/contact", "town_contact", views.town_contact, PUBLIC, cache=()),
    Route("/desk", "desk", front.desk, "desk.choose", place=Place.PORTAL),
    Route("/desk", "town_desk", front.town_desk, "desk.open"),
    Route("/desk/settings", "settings", settings.settings, "municipality.edit"),
    Route("/desk/settings/name", "settings_name", settings.name, "municipality.edit", BOTH),
    Route("/desk/settings/look", "settings_look", settings.look, "municipality.edit", BOTH),
    Route("/desk/settings/contact", "settings_contact", settings.contact, "municipality.edit", BOTH),
    Route("/desk/settings/days", "settings_days", settings.days, "municipality.edit", BOTH),
    Route("/desk/settings/team", "settings_team", settings.team, "municipality.edit", BOTH),
    Route("/desk/settings/residents", "settings_residents", settings.residents, "municipality.edit"),
    Route("/desk/settings/done", "settings_done", settings.done, "municipality.edit"),
    Route("/desk/settings/preview.css", "settings_css", settings.preview_css, "municipality.edit"),
    Route("/desk/settings/preview.svg", "settings_mark", settings.preview_mark, "municipality.edit"),
    Route("/portal", "portal", front.portal, "portal.operate", place=Place.PORTAL),
    Route("/portal/health", "portal_health", front.portal_health, "portal.operate", place=Place.PORTAL),
    Route("/portal/jobs", "portal_jobs", front.portal_jobs, "portal.operate", place=Place.PORTAL),
    Route(
        "/portal/jobs/<int:job_id>/revive",
        "revive",
        front.revive,
        "portal.operate",
        methods=("POST",),
        place=Place.PORTAL,
    ),
    Route(
        "/portal/municipalities",
        "portal_municipalities",
        front.portal_municipalities,
        "portal.operate",
        methods=("GET", "POST"),
        place=Place.PORTAL,
    ),
    Route("/theme/<slug:slug>.css", "theme", api.theme, PUBLIC, place=Place.BARE),
    Route("/theme/<slug:slug>.svg", "mark", api.mark, PUBLIC, place=Place.BARE),
    Route("/map/tiles/<int:z>/<int:x>/<int:y>.svg", "tile", api.tile, PUBLIC, place=Place.BARE, cache=()),
    Route("/favicon.ico", "favicon", api.favicon, PUBLIC, place=Place.BARE),
    Route("/healthz", "healthz", api.healthz, PUBLIC, place=Place.BARE),
    Route("/readyz", "readyz", api.readyz, PUBLIC, place=Place.BARE),
    Route("/metrics", "metrics", api.metrics, PUBLIC, place=Place.BARE),
    Route("/robots.txt", "robots", api.robots, PUBLIC, place=Place.BARE),
    Route("/sitemap.xml", "sitemap", api.sitemap, PUBLIC, place=Place.BARE),
    Route("/opensearch.xml", "opensearch", api.opensearch, PUBLIC, place=Place.BARE),
    Route("/.well-known/security.txt", "security_txt", api.security_txt, PUBLIC, place=Place.BARE),
    # Browsers send these by themselves, without cookie or token; nothing is changed by them.
    Route(
        "/csp-report", "csp_report", api.csp_report, PUBLIC, methods=("POST",), place=Place.BARE, csrf=False
    ),
)
