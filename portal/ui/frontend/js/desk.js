/** The script of staff pages: conveniences of the desk. Everything works without it. */
import { replies } from "./replies.js";

replies();
