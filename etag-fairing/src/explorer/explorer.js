// The explorer: Swagger UI, with plug-ins.

import { largeDocuments, manyParameters } from "./large.js";
import { entityTags, requestInterceptor, responseInterceptor } from "./tags.js";

const isDark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", isDark.matches);
isDark.addEventListener("change", paint);
paint();

const place = document.getElementById("explorer");
const explorer = SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  // No badge of a server elsewhere that validates documents.
  validatorUrl: null,
  requestInterceptor,
  responseInterceptor,
  plugins: [entityTags, manyParameters, largeDocuments],
  onComplete: () => {
    document.title = explorer.specSelectors.info().get("title") ?? document.title;
  },
});
