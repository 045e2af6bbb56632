/**
 * The script of every page, a few conveniences: nothing here is needed to read, file or decide.
 * Texts come from data attributes of the page, because only the server knows the language.
 */
import {
  Button,
  CharacterCount,
  createAll,
  ErrorSummary,
  PasswordInput,
  ServiceNavigation,
} from "govuk-frontend";

import { chosenFiles } from "./files.js";
import { mapOpeners } from "./open-map.js";
import { redactions } from "./redact.js";
import { reveals } from "./reveal.js";
import {
  copyButtons,
  foldNarrow,
  menus,
  printButtons,
  progress,
  searchFields,
  shareButtons,
  unsavedForms,
} from "./small.js";

for (const component of [CharacterCount, ErrorSummary, PasswordInput, ServiceNavigation]) {
  createAll(component);
}
// A second click within a second does nothing; the server's idempotency key is the real lock.
createAll(Button, { preventDoubleClick: true });

copyButtons();
shareButtons();
printButtons();
menus();
foldNarrow();
unsavedForms();
chosenFiles();
reveals();
redactions();
mapOpeners();
searchFields();
progress();
