/** The script of staff pages: conveniences of the desk. Everything works without it. */
import { replies } from "./replies.js";
import { shortcuts } from "./shortcuts.js";

replies();
shortcuts();
