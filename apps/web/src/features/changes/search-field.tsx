import { Search } from 'lucide-react';
import { cx } from '../../shared/lib/cx.js';

/** Until it is used, in a narrow panel, it is only its icon. */
const FOLDED =
  '@max-2xl:not-focus:placeholder-shown:w-7 @max-2xl:not-focus:placeholder-shown:bg-transparent @max-2xl:not-focus:placeholder-shown:pr-0 @max-2xl:not-focus:placeholder-shown:placeholder:text-transparent';

interface SearchFieldProps {
  search: string;
  onSearch: (search: string) => void;
}

/** Searches the names of the changed files, and their changed lines. */
export const SearchField = ({ search, onSearch }: SearchFieldProps) => (
  <label className="relative flex items-center">
    <Search aria-hidden className="pointer-events-none absolute left-2 size-3.5 text-subtle-foreground" />
    <input
      type="search"
      data-search-changes
      aria-label="Search files and changed lines"
      aria-keyshortcuts="/"
      placeholder="Search files and lines"
      maxLength={200}
      value={search}
      onChange={(event) => onSearch(event.target.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        if (search) onSearch('');
        else event.currentTarget.blur();
      }}
      className={cx(
        'h-7 w-44 pointer-coarse:h-11 rounded-md border border-transparent bg-muted pr-2 pl-7 text-xs transition-[width] outline-none focus:w-52 focus:border-input focus:bg-card',
        FOLDED,
      )}
    />
  </label>
);
