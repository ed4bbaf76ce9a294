import DOMPurify from 'dompurify';
import MarkdownIt from 'markdown-it';

const markdown = new MarkdownIt({ html: false, linkify: true });

/**
 * Markdown as nodes that are safe to insert: sanitised, links open outside, and pictures from elsewhere are replaced by their
 * description, because loading them would tell a stranger who looks at what.
 */
export function renderMarkdown(text: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(markdown.render(text), {
    RETURN_DOM_FRAGMENT: true,
    FORBID_TAGS: ['style', 'form', 'input', 'iframe', 'video', 'audio', 'svg', 'math'],
    FORBID_ATTR: ['style', 'srcset', 'id', 'name'],
  });
  for (const image of fragment.querySelectorAll('img')) {
    if (/^data:image\/(?:png|jpeg|gif|webp|avif);/.test(image.getAttribute('src') ?? '')) continue;
    const described = document.createElement('em');
    described.textContent = image.alt || image.getAttribute('src') || '';
    image.replaceWith(described);
  }
  for (const link of fragment.querySelectorAll('a')) {
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow';
  }
  return fragment;
}
